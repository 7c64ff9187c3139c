"""Where a row's programs run: beside a server on the loopback interface, or behind a shaped link."""
import json, os, shlex, signal, socket, subprocess, sys, time

import measure

LINK_SERVER = "10.77.0.1"  # of shaped-link
LINK_PORT = 8080


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port):
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


def stop(process, number=signal.SIGTERM):
    """Ends a program that was started here, and what it has started."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
    measure.end_group(process.pid)
    process.wait()


def nginx_configuration(root, served, listen, tls=""):
    return f"""daemon off; pid {root}/nginx.pid; error_log {root}/error.log; worker_processes 1; user root;
        events {{ worker_connections 512; }}
        http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000;
                client_body_temp_path {root}/t; proxy_temp_path {root}/t;
                fastcgi_temp_path {root}/t; uwsgi_temp_path {root}/t; scgi_temp_path {root}/t;
                server {{ listen {listen}; root {served}; {tls} }} }}"""


class Nginx:
    """nginx on the loopback interface, for all runs of a row."""

    def __init__(self, tls=False):
        self.tls, self.process = tls, None

    def open(self, context):
        self.root = context.directory("nginx")
        port, tls = free_port(), ""
        if self.tls:
            authority = context.authority()
            tls = f"ssl_certificate {authority}.pem; ssl_certificate_key {authority}.key; ssl_protocols TLSv1.3;"
        path = os.path.join(self.root, "nginx.conf")
        with open(path, "w") as file:
            file.write(nginx_configuration(self.root, context.files.served, f"127.0.0.1:{port}{' ssl' if tls else ''}", tls))
        self.process = subprocess.Popen([context.peers.commands["nginx"], "-c", path, "-p", self.root],
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for_port(port)
        self.base = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}/"

    def close(self):
        if self.process:
            stop(self.process)

    def run(self, context, program, directory, limit, round_number):
        return measure.run(program.line(context, [self.base]), directory, limit, program.watches_memory)


class FaultServers:
    """One or more fault servers with rules of their own, fresh for each run."""

    def __init__(self, *scripts):
        self.scripts = scripts

    def open(self, context):
        self.root = context.directory("faults")

    def close(self):
        pass

    def run(self, context, program, directory, limit, round_number):
        processes, bases, reports = [], [], []
        try:
            for index, faults in enumerate(program.faults or self.scripts):
                script, report = (os.path.join(self.root, f"{name}-{index}.json") for name in ("script", "statistics"))
                with open(script, "w") as file:
                    json.dump({"rules": [{"faults": faults}]}, file)
                if os.path.exists(report):
                    os.remove(report)
                process = subprocess.Popen(
                    [context.fault_server, "--directory", context.files.served, "--script", script, "--statistics", report,
                     "--address", f"127.0.0.{index + 1}"], stdout=subprocess.PIPE, text=True, start_new_session=True)
                processes.append(process)
                reports.append(report)
                bases.append(process.stdout.readline().split()[-1])
            result = measure.run(program.line(context, bases), directory, limit, program.watches_memory)
        finally:
            for process in processes:
                stop(process)
        result.extra["servers"] = [json.load(open(report)) for report in reports if os.path.exists(report)]
        return result


def remove_namespaces(pid):
    """Removes what a link has left, which it names after its process."""
    for space in (f"ms{pid % 100000}", f"mc{pid % 100000}"):
        if os.path.exists(f"/run/netns/{space}"):
            for left in subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True).stdout.split():
                os.kill(int(left), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", space], stderr=subprocess.DEVNULL)


class ShapedLink:
    """nginx with cubic behind a link with a round-trip time (ms), loss (%) and rate (Mbit/s): two network namespaces, fresh for each run."""

    def __init__(self, rtt, loss, rate):
        self.options = ["--rtt", str(rtt), "--loss", str(loss), "--rate", str(rate)]

    def open(self, context):
        self.root = context.directory("link")
        self.configuration = os.path.join(self.root, "nginx.conf")
        with open(self.configuration, "w") as file:
            file.write(nginx_configuration(self.root, context.files.served, f"{LINK_SERVER}:{LINK_PORT}"))

    def close(self):
        pass

    def run(self, context, program, directory, limit, round_number):
        result = os.path.join(self.root, "result.json")
        if os.path.exists(result):
            os.remove(result)
        # The route decides, since a namespace may not have a default that the kernel's owner has restricted.
        cubic = "set -- $(ip -4 -o route show 10.77.0.0/30) && ip route replace \"$@\" congctl lock cubic"
        server = f"{cubic} && exec {context.peers.commands['nginx']} -c {self.configuration} -p {self.root} 2>{self.root}/errors"
        line = program.line(context, [f"http://{LINK_SERVER}:{LINK_PORT}/"])
        client = f"cd {directory} && exec " + shlex.join([sys.executable, measure.__file__, result, str(limit), line])
        command = [context.shaped_link, *self.options, "--seed", str(round_number + 1), "--", server, ":::", client]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True, start_new_session=True)
        try:
            _, errors = process.communicate(timeout=limit + 20)
        except subprocess.TimeoutExpired:
            errors = "the link did not end"
        finally:
            stop(process, signal.SIGINT)  # on SIGTERM it would leave its namespaces
            remove_namespaces(process.pid)
        if not os.path.exists(result):
            return measure.Run(problem=f"no result: {errors.strip()[-200:]}")
        with open(result) as file:
            return measure.Run(**json.load(file))
