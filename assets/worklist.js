// The table of cases: sorts by a click on a heading, opens a case by a click or by Enter on its name.
const sorted = (rows, by) =>
  by.column < 0 ? rows : [...rows].sort((a, b) => {
    const [x, y] = [a.cells[by.column].sort, b.cells[by.column].sort];
    const order = x === y ? 0 : x === null ? 1 : y === null ? -1 : x < y ? -1 : 1;
    return x === null || y === null ? order : order * by.direction;
  });

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([k, v]) => made.setAttribute(k, v));
  made.append(...children);
  return made;
};

const cellOf = (cell) => {
  if (cell.chance !== undefined) {
    const bar = element("span", { class: "track", "aria-hidden": "true" });
    bar.append(element("i", { style: `width:${(100 * cell.chance).toFixed(1)}%` }));
    return element("td", { class: "chance" }, element("span", { class: "number" }, cell.text), bar);
  }
  if (cell.chips) return element("td", {}, ...cell.chips.map((c) => element("span", { class: "chip" }, c)));
  if (cell.state) return element("td", {}, element("span", { class: `state ${cell.state}` }, cell.text));
  const detail = cell.detail ? [element("small", {}, cell.detail)] : [];
  return element("td", { class: cell.quiet ? "quiet" : "" }, cell.text, ...detail);
};

export default function ({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector("#worklist");
  host.by = host.by ?? { column: -1, direction: 1 };
  const draw = () => {
    const heads = data.columns.map((name, column) => {
      const active = host.by.column === column;
      const button = element("button", { type: "button" }, name + (active ? (host.by.direction > 0 ? " ↑" : " ↓") : ""));
      button.onclick = () => {
        host.by = { column, direction: active ? -host.by.direction : 1 };
        draw();
      };
      const order = active ? (host.by.direction > 0 ? "ascending" : "descending") : "none";
      return element("th", { scope: "col", "aria-sort": order }, button);
    });
    const lines = sorted(data.rows, host.by).map((row) => {
      const open = () => setTriggerValue("open", row.key);
      const name = element("button", { type: "button", class: "open" }, row.cells[0].text);
      const detail = row.cells[0].detail ? [element("small", {}, row.cells[0].detail)] : [];
      const line = element("tr", { "data-key": row.key }, element("td", {}, name, ...detail), ...row.cells.slice(1).map(cellOf));
      line.onclick = open;
      return line;
    });
    const table = element("table", { "aria-label": data.caption });
    table.append(element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines));
    host.replaceChildren(table);
  };
  draw();
}
