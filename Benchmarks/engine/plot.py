"""A plot of the figures as SVG, readable on light and dark pages."""
import math
from xml.sax.saxutils import escape

from report import figure, peers_of
from rows import OURS

LEFT, RIGHT, LINE, TOP = 430, 760, 30, 78  # of the axis, and of the rows
WIDTH, LOW, HIGH = 1110, 0.25, 16.0
# Neutral greys are readable everywhere; where the page's scheme is known, there is more contrast.
STYLE = """
  text { font: 13px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #7a828e }
  .title { font-size: 16px; font-weight: 600 } .small { font-size: 11.5px }
  .grid { stroke: #8b949e; stroke-opacity: .25 } .one { stroke: #8b949e; stroke-width: 1.5 }
  .peer { fill: none; stroke: #8b949e; stroke-width: 1.5 }
  .fast { fill: #2f9e63 } .slow { fill: #d9782d } .value { font-weight: 600 }
  text.fast { fill: #2f9e63 } text.slow { fill: #d9782d }
  @media (prefers-color-scheme: light) { text { fill: #424a53 } text.fast { fill: #1a7f45 } text.slow { fill: #b35900 } }
  @media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } text.fast { fill: #4ac77e } text.slow { fill: #f0954d } }
"""


def x(ratio):
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + share * (RIGHT - LEFT)


def text(left, top, content, kind="", anchor="start"):
    return f'<text x="{left:.1f}" y="{top:.1f}" class="{kind}" text-anchor="{anchor}">{escape(content)}</text>'


def points(row):
    """Our figure and those of the peers relative to the fastest peer's, or else to the ideal time."""
    measure, results = row["measure"], row["results"]
    peers = {name: results[name][measure] for name in peers_of(row)}
    mine = results[OURS][measure] if results.get(OURS, {}).get("runs") else None
    base = min(peers.values(), default=row["ideal"])
    if not base:
        return None
    fastest = min(peers, key=peers.get) if peers else "ideal time"
    return mine and mine / base, [value / base for value in peers.values()], mine, base, fastest


def line(row, top):
    """The marks of a row."""
    middle, parts = top + LINE / 2, [text(LEFT - 14, top + LINE / 2 + 4.5, row["title"], anchor="end")]
    found = None if row.get("skipped") else points(row)
    if not found:
        return parts + [text(LEFT + 8, middle + 4.5, "not measured", "small")]
    ratio, peers, mine, base, fastest = found
    parts.append(f'<path class="grid" d="M{LEFT} {top + LINE}H{RIGHT}"/>')
    if ratio:
        kind = "fast" if ratio <= 1 else "slow"
        left, right = sorted((x(1), x(ratio)))
        parts.append(f'<rect class="{kind}" x="{left:.1f}" y="{middle - 10}" width="{max(2, right - left):.1f}" height="9" rx="2"/>')
        parts.append(text(RIGHT + 64, middle + 4.5, f"{figure(ratio)} ×", f"value {kind}", "end"))
    parts += [f'<circle class="peer" cx="{x(peer):.1f}" cy="{middle + 6}" r="4"/>' for peer in peers]
    own = f"{figure(mine)} s" if mine else "failed"
    parts.append(text(RIGHT + 80, middle + 4.5, f"{own} · {figure(base)} s {fastest}", "small"))
    return parts


def svg(document):
    rows = document["rows"]
    bottom = TOP + LINE * len(rows)
    parts = [text(16, 26, "Time of modelfetch, verified and durable, relative to the fastest peer", "title"),
             text(16, 46, f"Bars: modelfetch (left of 1 × is faster). Circles: curl, wget2, aria2 and aria2-next, verified or not. "
                  f"Medians of {document['rounds']}. Logarithmic.", "small")]
    for ratio in (0.25, 0.5, 1, 2, 4, 8, 16):
        parts.append(f'<path class="{"one" if ratio == 1 else "grid"}" d="M{x(ratio):.1f} {TOP - 4}V{bottom + 4}"/>')
        parts.append(text(x(ratio), TOP - 9, f"{ratio:g} ×", "small", "middle"))
    parts.append(text(RIGHT + 80, TOP - 9, "modelfetch · the fastest peer", "small"))
    for index, row in enumerate(rows):
        parts += line(row, TOP + LINE * index)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 20}" width="{WIDTH}" height="{bottom + 20}" role="img"'
            f' aria-label="Time of modelfetch relative to the fastest peer"><style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n")
