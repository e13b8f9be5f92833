// Dark unless the reader chose light. Streamlit keeps that choice in the browser by path, and reads it when it loads.
const keyOf = (path) => `stActiveTheme-${path}-v2`;

export default function ({ parentElement, data }) {
  const base = window.location.pathname.replace(/[^/]*$/, "");
  const choose = (theme) => {
    data.screens.forEach((name) => localStorage.setItem(keyOf(base + name), JSON.stringify(theme)));
    window.location.reload();
  };
  const light = getComputedStyle(document.querySelector(".stApp")).colorScheme.includes("light");
  const stored = localStorage.getItem(keyOf(base)) ?? '"System"';  // what Streamlit itself writes where nobody chose
  if (stored === '"System"') {
    choose("Dark");
    return;
  }
  const button = parentElement.querySelector("button");
  button.textContent = light ? data.dark : data.light;
  button.onclick = () => choose(light ? "Dark" : "Light");
}
