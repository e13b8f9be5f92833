// Opens the tab that a step of the tour speaks of and brings what it frames into view, once, as soon as the screen has drawn it.
export default function ({ parentElement, data }) {
  const host = parentElement.querySelector("span");
  if (host.step === data.step) return;
  host.step = data.step;
  let left = 200;
  const look = setInterval(() => {
    const framed = document.querySelector(data.frames);
    const tab = [...document.querySelectorAll("[role='tab']")].find((e) => e.textContent.trim() === data.opens);
    left -= 1;
    const drawn = framed && (tab || !data.opens) && !document.querySelector("[data-testid='stSpinner']");
    if (drawn) {
      if (tab) tab.click();
      framed.scrollIntoView({ block: tab ? "start" : "center" });
    }
    if (drawn || left < 0) clearInterval(look);
  }, 300);
  return () => clearInterval(look);
}
