"""What the runs come to: medians, ratios and a table."""
import statistics

from rows import MEASURES, OURS


def summary(runs):
    """The medians of the runs that count, and what was wrong with the others."""
    good = [run for run in runs if not run["problem"]]
    result = {"runs": good, "problems": [run["problem"] for run in runs if run["problem"]]}
    for key in MEASURES:
        values = [run[key] for run in good if run[key] is not None]
        result[key] = statistics.median(values) if values else None
    return result


def judge(row, results):
    """The targets of a row with the figure that was reached."""
    judged = []
    for target in row.targets:
        value = target.value(row, results)
        met = None if value is None else (value >= target.limit if target.at_least else value <= target.limit)
        is_ratio = target.figure is None or target.text.startswith("the ")
        judged.append({"text": target.text or target.of[0], "limit": target.limit, "value": value, "met": met,
                       "at_least": target.at_least, "ratio": is_ratio})
    return judged


def peers_of(row):
    return [name for name, result in row["results"].items() if not name.startswith(OURS) and result["runs"]]


def figure(value):
    """Three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def reached(target):
    sign, unit = "≥" if target["at_least"] else "≤", " ×" if target["ratio"] else ""
    value = "not measured" if target["value"] is None else figure(target["value"]) + unit
    mark = {True: "yes", False: "**no**", None: "–"}[target["met"]]
    return f"{value} {target['text']}", f"{sign} {target['limit']:g}{unit}", mark


def markdown(document):
    """A table of the targets, and one of all programs."""
    lines = ["| scenario | modelfetch | the fastest peers | reached | target | met? |", "|---|---|---|---|---|---|"]
    for row in document["rows"]:
        if row.get("skipped"):
            lines.append(f"| {row['title']} | | | {row['skipped']} | | – |")
            continue
        measure = row["measure"]
        mine = row["results"].get(OURS)
        own = f"{figure(mine[measure])} s" if mine and mine["runs"] else (mine["problems"][0] if mine else "")
        fastest = sorted(peers_of(row), key=lambda name: row["results"][name][measure])[:2]
        peers = ", ".join(f"{figure(row['results'][name][measure])} s {name}" for name in fastest)
        if row["ideal"]:
            peers += f" (ideal: {figure(row['ideal'])} s)"
        for index, target in enumerate(row["targets"]):
            first = [row["title"], own, peers] if index == 0 else ["", "", ""]
            lines.append("| " + " | ".join([*first, *reached(target)]) + " |")
    lines += ["", "<details><summary>All programs (medians)</summary>", "",
              "| scenario | program | time | of modelfetch | CPU | |", "|---|---|---|---|---|---|"]
    for row in document["rows"]:
        if row.get("skipped") or row["measure"] != "seconds":
            continue
        mine = row["results"].get(OURS, {}).get("seconds")
        for index, (name, result) in enumerate(row["results"].items()):
            time = f"{figure(result['seconds'])} s" if result["runs"] else ""
            ratio = f"{figure(result['seconds'] / mine)} ×" if mine and result["runs"] else ""
            notes = [f"{result['memory']:.0f} MB"] if result["memory"] else []
            servers = [run["extra"]["servers"] for run in result["runs"] if "servers" in run["extra"]]
            if servers:
                notes.append(f"at most {statistics.median(max(s['peakTransfers'] for s in run) for run in servers):.0f} transfers")
                refusals = statistics.median(sum(server["refusals"] for server in run) for run in servers)
                notes += [f"{refusals:.0f} refusals"] if refusals else []
            if result["problems"]:
                total = len(result["problems"]) + len(result["runs"])
                notes.append(f"{len(result['problems'])} of {total} failed: {result['problems'][0]}".replace("|", "/"))
            cpu = f"{figure(result['cpu'])} s" if result["runs"] else ""
            lines.append(f"| {row['title'] if index == 0 else ''} | {name} | {time} | {ratio} | {cpu} | {'; '.join(notes)} |")
    return "\n".join([*lines, "", "</details>"])


BEGIN, END = "<!-- figures of engine -->", "<!-- end of figures of engine -->"


def insert(path, table, document):
    """Replaces what is between two comments of a page by the plot and the tables."""
    with open(path) as file:
        before, rest = file.read().split(BEGIN)
        after = rest.split(END)[1]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    text = (f"\n\n![Time relative to the fastest peer](engine.svg)\n\n{document['date']}, {document['cores']} cores, Linux {document['kernel']}; "
            f"medians of {document['rounds']}. {versions}.\n\n{table}\n")
    with open(path, "w") as file:
        file.write(before + BEGIN + text + END + after)
