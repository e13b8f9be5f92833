// Brings what the step of the tour frames into view, once, as soon as the screen has drawn it.
export default function ({ parentElement, data }) {
  const host = parentElement.querySelector("span");
  if (host.step === data.step) return;
  host.step = data.step;
  let left = 200;
  const look = setInterval(() => {
    const framed = document.querySelector(data.frames);
    left -= 1;
    if (framed && !document.querySelector("[data-testid='stSpinner']")) framed.scrollIntoView({ block: "center" });
    if (framed || left < 0) clearInterval(look);
  }, 300);
  return () => clearInterval(look);
}
