// A drawing of our own, put into the page as it came (Streamlit's own HTML takes no SVG). Every text in it was escaped.

export default function ({ parentElement, data }) {
  const root = document.createElement("div");
  root.innerHTML = data.html;
  parentElement.replaceChildren(root);
  return () => root.remove();
}
