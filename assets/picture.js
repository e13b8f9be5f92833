// Puts the markup in place; it is drawn anew only when it changes, so that nothing flickers while a replay runs.
export default function ({ parentElement, data }) {
  const place = parentElement.querySelector("#picture");
  if (place.dataset.markup === data.markup) return;
  place.dataset.markup = data.markup;
  place.innerHTML = data.markup;
}
