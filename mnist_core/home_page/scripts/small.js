// A small picture of an experiment, put into the page as it came (Streamlit's own HTML takes no drawings).

export default function ({ parentElement, data }) {
  const root = document.createElement("div");
  root.innerHTML = data.html;
  parentElement.replaceChildren(root);
  return () => root.remove();
}
