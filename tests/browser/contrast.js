// The texts below an element that are visible and have less contrast than WCAG 2.2 asks for at level AA: 4.5, or 3 for
// large letters and for signs. Grounds and letters that let something through are composed with what is behind them.
// Disabled controls and what nobody is told of (aria-hidden) are free.
(area) => {
  const parse = (text) => {
    const srgb = /^color\(srgb ([^/)]+)(?:\/ ([^)]+))?\)/.exec(text);
    if (srgb) return [...srgb[1].trim().split(/\s+/).map((part) => 255 * part), srgb[2] === undefined ? 1 : +srgb[2]];
    if (!/^rgba?\(/.test(text)) throw new Error(`unread colour ${text}`);
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha];
  };
  const over = (upper, lower, alpha) => [0, 1, 2].map((part) => alpha * upper[part] + (1 - alpha) * lower[part]);
  const light = (colour) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, part) => {
      const value = colour[part] / 255;
      return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    }, 0);
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(element.parentElement), own[3]);
  };
  const hard = [];
  const see = (element, said, style) => {
    const size = parseFloat(style.fontSize);
    if (!said || !size || !element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) return;
    if (element.closest('[aria-hidden="true"], :disabled')) return;
    let opacity = 1;
    for (let one = element; one; one = one.parentElement) opacity *= +getComputedStyle(one).opacity;
    const behind = ground(element);
    const colour = parse(style.color);
    const lights = [light(over(colour, behind, colour[3] * opacity)), light(behind)].sort((one, other) => other - one);
    const ratio = (lights[0] + 0.05) / (lights[1] + 0.05);
    const large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700) || /^[✓✗?–●→↳▸▾]$/.test(said);
    if (ratio < (large ? 3 : 4.5)) {
      const place = `${element.parentElement?.className} > ${element.localName}.${element.className}`;
      hard.push(`${ratio.toFixed(2)} ${place}: ${said.slice(0, 40)} (${style.color} on ${behind.map(Math.round)})`);
    }
  };
  const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    see(node.parentElement, node.data.trim(), getComputedStyle(node.parentElement));
  }
  for (const field of area.querySelectorAll("input:not([type=checkbox]), textarea, select")) {
    see(field, field.value, getComputedStyle(field));
    if (!field.value) see(field, field.placeholder, getComputedStyle(field, "::placeholder"));
  }
  for (const element of area.querySelectorAll("*")) {
    for (const part of ["::before", "::after"]) {
      const style = getComputedStyle(element, part);
      const said = /^"([^"]*\p{L}[^"]*)"/u.exec(style.content)?.[1];
      if (said) see(element, said, style);
    }
  }
  return hard;
}
