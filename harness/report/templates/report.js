"use strict";
// Without this script all can be read and saved; it sorts tables, and copies their LaTeX in the place of saving it.
{
  const text = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("sup").forEach((part) => part.remove());
    copy.querySelectorAll(".beneath, br").forEach((part) => part.before(" "));
    return copy.textContent.replace(/\s+/g, " ").trim();
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
  const carried = (link) => new TextDecoder().decode(
    Uint8Array.from(atob(link.href.split("base64,")[1]), (sign) => sign.charCodeAt(0)));
  for (const link of document.querySelectorAll(".tools a[download$='.tex']")) {
    link.title = document.body.dataset.copy;
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      await copied(carried(link));
      link.textContent = document.body.dataset.copied;
      setTimeout(() => { link.textContent = "LaTeX"; }, 1500);
    });
  }
  for (const table of document.querySelectorAll("main table")) {
    const heads = table.tHead ? [...table.tHead.rows[table.tHead.rows.length - 1].cells] : [];
    if (heads.some((head) => head.colSpan > 1)) continue;
    heads.forEach((head, place) => {
      head.tabIndex = 0;
      head.classList.add("sorts");
      const act = () => {
        const isDown = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
        const all = table.parentElement.previousElementSibling;
        if (all && all.classList.contains("all")) all.checked = true;
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
