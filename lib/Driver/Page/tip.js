// The box beside the pointer.

function showTip(event, [title, rows]) {
  const tip = byId("tip");
  tip.replaceChildren(make("strong", { text: title }), definitions(rows));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = event.clientX + 16 + width > innerWidth ? event.clientX - 16 - width : event.clientX + 16;
  const top = event.clientY + 16 + height > innerHeight ? event.clientY - 16 - height : event.clientY + 16;
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${Math.max(top, 4)}px`;
}

const hideTip = () => { byId("tip").hidden = true; };
