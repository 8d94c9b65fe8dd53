"use strict";
// Without this script all can be read; it sorts tables, and offers each as CSV and LaTeX.
{
  const text = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("sup, .tools").forEach((part) => part.remove());
    copy.querySelectorAll(".beneath, br").forEach((part) => part.before(" "));
    return copy.textContent.replace(/\s+/g, " ").trim();
  };
  const rows = (table) => [...table.rows].map((row) =>
    [...row.cells].flatMap((cell) => [text(cell), ...Array(cell.colSpan - 1).fill("")]));
  const csv = (table) => rows(table)
    .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")).join("\r\n") + "\r\n";
  const signs = {"\\": "\\textbackslash{}", "−": "$-$", "–": "--", "×": "$\\times$", "²": "$^2$",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}"};
  const escaped = (cell) => cell.replace(/[\\−–×²~^<>]|[&%$#_{}]/g, (sign) => signs[sign] ?? `\\${sign}`);
  const latex = (table) => {
    const all = rows(table).map((row) => row.map(escaped).join(" & ") + " \\\\");
    const n = Math.max(...[...table.rows].map((row) => row.cells.length));
    const heads = table.tHead ? table.tHead.rows.length : 0;
    return [`\\begin{tabular}{l${"r".repeat(n - 1)}}`, "\\toprule", ...all.slice(0, heads), "\\midrule",
      ...all.slice(heads), "\\bottomrule", "\\end{tabular}", ""].join("\n");
  };
  const copied = async (content) => {
    try {
      await navigator.clipboard.writeText(content);
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = content;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const number = (shown) => {
    const found = shown.replaceAll("−", "-").replaceAll(",", "").match(/-?\d+(\.\d+)?(e-?\d+)?/i);
    return found ? Number(found[0]) : NaN;
  };
  const sort = (table, place, isDown) => {
    for (const body of table.tBodies) {
      const fixed = [...body.rows].filter((row) => row.querySelector("th[colspan]"));
      const own = [...body.rows].filter((row) => !fixed.includes(row));
      const key = (row) => row.cells[place] ? text(row.cells[place]) : "";
      const order = (a, b) => {
        const [x, y] = [number(key(a)), number(key(b))];
        const numeric = place && !Number.isNaN(x) && !Number.isNaN(y);
        return (isDown ? -1 : 1) * (numeric ? x - y : key(a).localeCompare(key(b)));
      };
      body.append(...fixed, ...own.sort(order));
    }
  };
  const button = (label, hint, act) => {
    const made = document.createElement("button");
    Object.assign(made, {type: "button", textContent: label, title: hint});
    made.addEventListener("click", () => act(made));
    return made;
  };
  for (const table of document.querySelectorAll("main table")) {
    const name = table.querySelector("caption b")?.id ?? "table";
    const tools = document.createElement("span");
    tools.className = "tools";
    tools.append(
      button("CSV", "Save this table as CSV", () => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob(["\ufeff", csv(table)], {type: "text/csv"}));
        link.download = `${name}.csv`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      }),
      button("LaTeX", "Copy this table as LaTeX", async (pressed) => {
        await copied(latex(table));
        pressed.textContent = "copied";
        setTimeout(() => { pressed.textContent = "LaTeX"; }, 1500);
      }));
    (table.caption ?? table.createCaption()).append(tools);
    const heads = table.tHead ? [...table.tHead.rows[table.tHead.rows.length - 1].cells] : [];
    if (heads.some((head) => head.colSpan > 1)) continue;
    heads.forEach((head, place) => {
      head.tabIndex = 0;
      head.classList.add("sorts");
      const act = () => {
        const isDown = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
        sort(table, place, isDown);
      };
      head.addEventListener("click", act);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") act(); });
    });
  }
  // a link into a closed section, or into a tab that is not shown, opens it
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
      if (part.classList.contains("panel")) {
        const panels = [...part.parentElement.querySelectorAll(":scope > .panel")];
        part.parentElement.querySelectorAll(":scope > input")[panels.indexOf(part)].checked = true;
      }
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
}
