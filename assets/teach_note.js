// A note whose words can be pressed, one by one or a sentence at a time; masked runs cannot. Tells the server which are marked.
const element = (name, attributes, text) => {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([k, v]) => made.setAttribute(k, v));
  made.textContent = text;
  return made;
};

export default function ({ parentElement, data, setStateValue }) {
  const host = parentElement.querySelector("#note");
  if (host.name === data.name && host.language === data.words.words) return;
  Object.assign(host, { name: data.name, language: data.words.words, by: host.by ?? "by_word" });
  const marked = new Set(data.marked.map(([start]) => start));
  const words = [];
  const show = () => words.forEach(({ piece, button }) => button.setAttribute("aria-pressed", String(marked.has(piece.start))));
  const tell = () => {
    show();
    clearTimeout(host.telling);
    const spans = words.filter(({ piece }) => marked.has(piece.start)).map(({ piece }) => [piece.start, piece.end]);
    host.telling = setTimeout(() => setStateValue("marked", spans), 250);
  };
  const press = (piece) => {
    const whole = host.by === "by_sentence" ? words.map((w) => w.piece).filter((p) => p.sentence === piece.sentence) : [piece];
    const on = !marked.has(piece.start);
    whole.forEach((p) => (on ? marked.add(p.start) : marked.delete(p.start)));
    tell();
  };
  const bar = element("div", { class: "bar", role: "group", "aria-label": data.words.words }, "");
  bar.append(element("span", {}, data.words.words));
  ["by_word", "by_sentence"].forEach((by) => {
    const button = element("button", { type: "button", class: "by" }, data.words[by]);
    const mark = () => bar.querySelectorAll(".by").forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
    button.onclick = () => {
      host.by = by;
      mark();
    };
    bar.append(button);
    if (host.by === by) mark();
  });
  const clear = element("button", { type: "button" }, data.words.unmark);
  clear.onclick = () => {
    marked.clear();
    tell();
  };
  bar.append(clear);
  const text = element("div", { class: "text" }, "");
  data.pieces.forEach((piece) => {
    if (piece.masked) text.append(element("span", { class: "masked" }, piece.text));
    else if (piece.start === undefined) text.append(piece.text);
    else {
      const button = element("button", { type: "button", class: "word" }, piece.text);
      button.onclick = () => press(piece);
      words.push({ piece, button });
      text.append(button);
    }
  });
  host.replaceChildren(bar, text);
  show();
}
