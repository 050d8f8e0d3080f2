// Text in notebook outputs that is too near in colour to what lies behind it (WCAG 2, 1.4.3).
//
// What lies behind is mixed from the page's ground upwards, layer by layer and with each layer's
// opacity; a canvas reads the colours, whatever their notation. Controls that are off are exempt.
least => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const read = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const mix = (top, under, share) => under.map((v, i) => top[i] * share + v * (1 - share));
  const over = (color, under) => mix(color, under, color[3] / 255);
  const paint = (layers, behind, ink) => {
    const [style, ...rest] = layers;
    const ground = over(read(style.backgroundColor), behind);
    const painted = rest.length ? paint(rest, ground, ink) : [ground, over(read(ink), ground)];
    return painted.map(color => mix(color, behind, Number(style.opacity)));
  };
  const light = color => {
    const [r, g, b] = color
      .map(v => v / 255)
      .map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faults = new Map();
  const hold = (element, text, style) => {
    const seen = element.checkVisibility({visibilityProperty: true});
    if (!seen || !/[^\s\u200b]/.test(text) || element.closest(':disabled, style')) return;
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.unshift(getComputedStyle(e));
    const [low, high] = paint(layers, [255, 255, 255], ink).map(light).sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    const kind = `${element.tagName.toLowerCase()} ${ink}`;
    if (ratio < least && !faults.has(kind))
      faults.set(kind, `${ratio.toFixed(2)}: ${kind}: ${text.trim().slice(0, 40)}`);
  };
  // A traceback has the colours that IPython gives it.
  for (const output of document.querySelectorAll('.jp-OutputArea-output')) {
    if (/stderr|error$/.test(output.dataset.mimeType)) continue;
    const walk = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const element = walk.currentNode.parentElement;
      hold(element, walk.currentNode.data, getComputedStyle(element));
    }
    for (const box of output.querySelectorAll('input, textarea, select')) {
      hold(box, box.value, getComputedStyle(box));
      hold(box, box.placeholder || '', getComputedStyle(box, '::placeholder'));
    }
  }
  return [...faults.values()];
};
