// A server and a client with a bad wire between them: two networks of their own (network_namespaces(7)), each with a
// TUN device, and this process in the middle, which loses, repeats, reorders and damages what it carries. A damaged
// packet fails TCP's checksum. Nothing of the machine's own network is touched.
//
//   bad-wire [--loss P] [--repeat P] [--reorder P] [--damage P] [--seed N] [--down-after BYTES [--up-after MS]]
//            SERVER ARGUMENT... ::: CLIENT ARGUMENT...
//
// P is per hundred packets. After so many bytes to the client its device goes down, and comes up again after so many
// milliseconds. The server is 10.0.0.2, the client 10.0.0.1. The client starts when the server has printed a line; the
// server ends with it. Exits with the client's status; the last line of stderr counts what happened.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SERVER, CLIENT, QUEUE = 4096, MTU = 1500 };

struct end {
    int tun, control;
};

struct packet {
    int64_t due;
    int to, length;
    unsigned char bytes[MTU];
};

static struct packet queue[QUEUE];
static int waiting;
static uint64_t random_state;

static void die(const char *what) {
    fprintf(stderr, "bad-wire: %s: %s\n", what, strerror(errno));
    exit(125);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

// SplitMix64.
static uint64_t next(void) {
    uint64_t word = random_state += 0x9e3779b97f4a7c15;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}
static int happens(int percent) { return (int)(next() % 100) < percent; }

static void set_address(int control, unsigned long request, const char *address) {
    struct ifreq device = {.ifr_name = "wire"};
    struct sockaddr_in *in = (struct sockaddr_in *)&device.ifr_addr;
    in->sin_family = AF_INET;
    inet_pton(AF_INET, address, &in->sin_addr);
    if (ioctl(control, request, &device) < 0) die(address);
}

static void set_up(int control, const char *name, int is_up) {
    struct ifreq device = {0};
    strcpy(device.ifr_name, name);
    if (ioctl(control, SIOCGIFFLAGS, &device) < 0) die("SIOCGIFFLAGS");
    device.ifr_flags = (short)(is_up ? device.ifr_flags | IFF_UP : device.ifr_flags & ~IFF_UP);
    if (ioctl(control, SIOCSIFFLAGS, &device) < 0) die("SIOCSIFFLAGS");
}

// Moves this process into a new network; what it starts from now on lives there.
static struct end new_network(const char *address, const char *peer) {
    if (unshare(CLONE_NEWNET) < 0) die("unshare");
    struct end end;
    end.tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (end.tun < 0) die("/dev/net/tun");
    struct ifreq device = {.ifr_name = "wire", .ifr_flags = IFF_TUN | IFF_NO_PI};
    if (ioctl(end.tun, TUNSETIFF, &device) < 0) die("TUNSETIFF");
    end.control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (end.control < 0) die("socket");
    set_address(end.control, SIOCSIFADDR, address);
    set_address(end.control, SIOCSIFDSTADDR, peer);
    set_up(end.control, "lo", 1);
    set_up(end.control, "wire", 1);
    return end;
}

static pid_t start(char **command, int out) {
    pid_t parent = getpid(), child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        // Nothing outlives this process, however it ends.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(125);
        if (out >= 0) dup2(out, 1);
        execv(command[0], command);
        die(command[0]);
    }
    return child;
}

static void enqueue(int to, const unsigned char *bytes, int length, int64_t due) {
    if (waiting == QUEUE) return;
    struct packet *packet = &queue[waiting++];
    packet->to = to;
    packet->length = length;
    packet->due = due;
    memcpy(packet->bytes, bytes, (size_t)length);
}

int main(int count, char **words) {
    int loss = 0, repeat = 0, reorder = 0, damage = 0;
    int64_t down_after = -1, up_after = -1, lost = 0, repeated = 0, reordered = 0, damaged = 0;
    int index = 1;
    for (; index + 1 < count && strncmp(words[index], "--", 2) == 0; index += 2) {
        const char *name = words[index] + 2;
        long long value = atoll(words[index + 1]);
        if (strcmp(name, "loss") == 0) loss = (int)value;
        else if (strcmp(name, "repeat") == 0) repeat = (int)value;
        else if (strcmp(name, "reorder") == 0) reorder = (int)value;
        else if (strcmp(name, "damage") == 0) damage = (int)value;
        else if (strcmp(name, "seed") == 0) random_state = (uint64_t)value;
        else if (strcmp(name, "down-after") == 0) down_after = value;
        else if (strcmp(name, "up-after") == 0) up_after = value * 1000;
        else errno = EINVAL, die(words[index]);
    }
    char **server_command = words + index, **client_command = NULL;
    for (; index < count; index++) {
        if (strcmp(words[index], ":::") == 0) {
            words[index] = NULL;
            client_command = words + index + 1;
        }
    }
    if (!client_command || !*client_command || !*server_command) errno = EINVAL, die("no server or no client");

    int line[2];
    if (pipe2(line, O_CLOEXEC) < 0) die("pipe");
    struct end ends[2];
    ends[SERVER] = new_network("10.0.0.2", "10.0.0.1");
    pid_t server = start(server_command, line[1]);
    close(line[1]);
    char byte = 0;
    while (byte != '\n' && read(line[0], &byte, 1) == 1) {}
    if (byte != '\n') errno = ECONNREFUSED, die("the server says nothing");
    ends[CLIENT] = new_network("10.0.0.1", "10.0.0.2");
    pid_t client = start(client_command, -1);
    int ended = (int)syscall(SYS_pidfd_open, client, 0);
    if (ended < 0) die("pidfd_open");

    int64_t carried = 0, up_at = -1;
    for (;;) {
        int64_t time = now(), soonest = time + 100000;
        if (up_at >= 0 && time >= up_at) {
            set_up(ends[CLIENT].control, "wire", 1);
            up_at = -1;
        }
        for (int at = 0; at < waiting;) {
            if (queue[at].due > time) {
                if (queue[at].due < soonest) soonest = queue[at].due;
                at++;
                continue;
            }
            // A device that is down takes nothing: lost like the rest.
            if (write(ends[queue[at].to].tun, queue[at].bytes, (size_t)queue[at].length) > 0 && queue[at].to == CLIENT)
                carried += queue[at].length;
            waiting--;
            memmove(&queue[at], &queue[at + 1], (size_t)(waiting - at) * sizeof queue[0]);
        }
        if (down_after >= 0 && carried >= down_after) {
            set_up(ends[CLIENT].control, "wire", 0);
            down_after = -1;
            if (up_after >= 0) up_at = now() + up_after;
        }
        if (up_at >= 0 && up_at < soonest) soonest = up_at;

        struct pollfd waits[3] = {
            {.fd = ends[SERVER].tun, .events = POLLIN},
            {.fd = ends[CLIENT].tun, .events = POLLIN},
            {.fd = ended, .events = POLLIN},
        };
        int64_t pause = soonest - now();
        struct timespec limit = {.tv_sec = 0, .tv_nsec = pause > 0 ? pause * 1000 : 0};
        if (ppoll(waits, 3, &limit, NULL) < 0 && errno != EINTR) die("ppoll");
        if (waits[2].revents) break;
        int got = 0;
        for (int from = SERVER; from <= CLIENT; from++) {
            unsigned char bytes[MTU];
            ssize_t length;
            for (int turns = 0; turns < 64 && (length = read(ends[from].tun, bytes, sizeof bytes)) > 0; turns++) {
                int to = 1 - from;
                got = 1;
                if (happens(loss)) {
                    lost++;
                    continue;
                }
                int64_t due = now() + 300;
                if (happens(reorder)) {
                    reordered++;
                    due += 5000;
                }
                if (length > 60 && happens(damage)) {
                    damaged++;
                    bytes[56 + next() % (uint64_t)(length - 56)] ^= (unsigned char)(1 + next() % 255);
                }
                enqueue(to, bytes, (int)length, due);
                if (happens(repeat)) {
                    repeated++;
                    enqueue(to, bytes, (int)length, due + 100);
                }
            }
        }
        // A device that is down is always ready, and has nothing.
        if (!got && (waits[0].revents | waits[1].revents)) usleep(1000);
    }
    int status = 0;
    waitpid(client, &status, 0);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    fprintf(stderr, "bad-wire: lost %lld repeated %lld reordered %lld damaged %lld\n", (long long)lost,
        (long long)repeated, (long long)reordered, (long long)damaged);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
