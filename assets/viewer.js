// The scan: zoom, pan, window and level, evidence painted over it. Everything here happens in the browser; the server is not asked.
const BLUE = [86, 168, 234];
const ORANGE = [240, 160, 60];
const GREY = [150, 156, 164]; // a map that is not to be believed
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

const canvasOf = (width, height) => Object.assign(document.createElement("canvas"), { width, height });

// grey (w x h bytes) through window and level, both in [0, 1]
const painted = (view, { window: width, level }) => {
  const picture = view.scan ?? canvasOf(view.width, view.height);
  const context = picture.getContext("2d");
  const image = context.createImageData(view.width, view.height);
  const table = Uint8ClampedArray.from({ length: 256 }, (_, g) => 255 * ((g / 255 - level) / width + 0.5));
  const pixels = new Uint32Array(image.data.buffer);
  view.grey.forEach((value, i) => {
    pixels[i] = 0xff000000 | (table[value] * 0x010101);
  });
  context.putImageData(image, 0, 0);
  view.scan = picture;
};

// signed bytes (-127 to 127) as colour, chosen by sign; opacity follows size
const coloured = (map, show) => {
  map.made = map.made ?? {};
  map.made[show] = map.made[show] ?? colour(map, show);
  return map.made[show];
};

const colour = (map, show) => {
  const picture = canvasOf(map.width, map.height);
  const context = picture.getContext("2d");
  const image = context.createImageData(map.width, map.height);
  map.values.forEach((v, i) => {
    const shown = show === "both" || (show === "for" ? v > 0 : v < 0);
    if (!shown) return;
    const strength = Math.pow(Math.abs(v) / 127, 1.3);
    image.data.set([...(map.doubtful ? GREY : v > 0 ? BLUE : ORANGE), 255 * strength], 4 * i);
  });
  context.putImageData(image, 0, 0);
  return picture;
};

const outlined = (view, context) => {
  if (!view.outline || !view.showOutline) return;
  context.strokeStyle = "#e8edf2";
  context.lineWidth = 1.2 / view.scale;
  context.setLineDash([5 / view.scale, 4 / view.scale]);
  view.outline.forEach((ring) => {
    context.beginPath();
    ring.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](x * view.width, y * view.height));
    context.closePath();
    context.stroke();
  });
  context.setLineDash([]);
};

// what the reader marked: rectangles as [top, left, bottom, right] in fractions of the picture
const drawMarks = (view, context) => {
  view.marks.forEach(([top, left, bottom, right]) => {
    const box = [left * view.width, top * view.height, (right - left) * view.width, (bottom - top) * view.height];
    [["#000000c0", 4], ["#ffffff", 1.8]].forEach(([colour, width]) => {
      context.strokeStyle = colour;
      context.lineWidth = width / view.scale;
      context.strokeRect(...box);
    });
  });
};

const draw = (view) => {
  const { canvas } = view;
  const ratio = globalThis.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const context = canvas.getContext("2d");
  const fit = Math.min(width / view.width, height / view.height);
  view.scale = fit * view.zoom;
  context.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, ratio * (width / 2 + view.x), ratio * (height / 2 + view.y));
  context.translate(-view.width / 2, -view.height / 2);
  context.imageSmoothingQuality = "high";
  context.drawImage(view.scan, 0, 0);
  if (view.map && view.show !== "off") {
    const [top, left, bottom, right] = view.map.region;
    context.globalAlpha = view.opacity;
    const box = [left * view.width, top * view.height, (right - left) * view.width, (bottom - top) * view.height];
    context.drawImage(coloured(view.map, view.show), ...box);
    context.globalAlpha = 1;
    context.strokeStyle = "#ffffff38";
    context.lineWidth = 1 / view.scale;
    context.strokeRect(...box);
  }
  outlined(view, context);
  patched(view, context);
  drawMarks(view, context);
};

// rectangles that are painted out, and the one being dragged; all in fractions of the picture
const patched = (view, context) => {
  [...(view.painted ?? []), ...(view.dragged ? [view.dragged] : [])].forEach(([top, left, bottom, right], i) => {
    const box = [left * view.width, top * view.height, (right - left) * view.width, (bottom - top) * view.height];
    context.fillStyle = i < (view.painted ?? []).length ? "#8b94a0cc" : "#8b94a066";
    if (!view.hollow) context.fillRect(...box);
    context.strokeStyle = view.hollow ? "#f2e94e" : "#e8edf2";
    context.lineWidth = (view.hollow ? 1.5 : 1) / view.scale;
    context.strokeRect(...box);
  });
};

const zoomBy = (view, factor) => {
  const next = clamp(view.zoom * factor, 1, 12);
  view.x *= next / view.zoom;
  view.y *= next / view.zoom;
  view.zoom = next;
  draw(view);
};

const home = (view) => {
  Object.assign(view, { zoom: 1, x: 0, y: 0 });
  draw(view);
};

const placeOf = (view, event) => {
  const box = view.canvas.getBoundingClientRect();
  const x = (event.clientX - box.left - box.width / 2 - view.x) / view.scale / view.width + 0.5;
  const y = (event.clientY - box.top - box.height / 2 - view.y) / view.scale / view.height + 0.5;
  return [clamp(y, 0, 1), clamp(x, 0, 1)];
};

const tell = (view) => {
  clearTimeout(view.telling);
  view.telling = setTimeout(() => view.setStateValue("marks", view.marks), 250);
};

const stretch = (view, event) => {
  const [y, x] = placeOf(view, event);
  const [top, left] = view.corner;
  view.marks[view.marks.length - 1] = [Math.min(top, y), Math.min(left, x), Math.max(top, y), Math.max(left, x)];
  draw(view);
};

const finish = (view) => {
  view.corner = null;
  view.marks = view.marks.filter(([top, left, bottom, right]) => bottom - top > 0.01 && right - left > 0.01);
  draw(view);
  tell(view);
};

// arrows move the last mark, with Shift they move its lower right corner; Enter adds one, Delete takes the last away
const markByKey = (view, event) => {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const last = view.marks[view.marks.length - 1];
  if (event.key === "Enter") view.marks.push([0.4, 0.4, 0.6, 0.6]);
  else if (event.key === "Delete" || event.key === "Backspace") view.marks.pop();
  else if (steps[event.key] && last) {
    const [down, right] = steps[event.key].map((n) => n * 0.02);
    const [top, left] = event.shiftKey ? [last[0], last[1]] : [clamp(last[0] + down, 0, 0.98), clamp(last[1] + right, 0, 0.98)];
    const end = [clamp(last[2] + down, top + 0.02, 1), clamp(last[3] + right, left + 0.02, 1)];
    view.marks[view.marks.length - 1] = [top, left, ...end];
  } else return false;
  draw(view);
  tell(view);
  return true;
};

const listenToPointer = (view) => {
  const { canvas } = view;
  canvas.onwheel = (event) => {
    event.preventDefault();
    zoomBy(view, event.deltaY < 0 ? 1.15 : 1 / 1.15);
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (view.marking) {
      view.corner = placeOf(view, event);
      view.marks.push([...view.corner, ...view.corner]);
      return;
    }
    canvas.classList.add("moving");
  };
  canvas.onpointerup = () => {
    canvas.classList.remove("moving");
    if (view.corner) finish(view);
  };
  canvas.onpointermove = (event) => {
    if (view.corner) stretch(view, event);
    if (!canvas.classList.contains("moving")) return;
    view.x += event.movementX;
    view.y += event.movementY;
    draw(view);
  };
  canvas.ondblclick = () => home(view);
};

// a drag marks a rectangle, where it is hollow a click marks a place; when it is let go the server is told
const listenToPaint = (view, tell) => {
  const { canvas } = view;
  let start = null;
  const place = ({ offsetX, offsetY }) => [
    clamp((offsetX - canvas.clientWidth / 2 - view.x) / view.scale / view.width + 0.5, 0, 1),
    clamp((offsetY - canvas.clientHeight / 2 - view.y) / view.scale / view.height + 0.5, 0, 1),
  ];
  canvas.style.cursor = "crosshair";
  canvas.ondblclick = null;
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    start = place(event);
  };
  canvas.onpointermove = (event) => {
    if (!start) return;
    const [x, y] = place(event);
    view.dragged = [Math.min(y, start[1]), Math.min(x, start[0]), Math.max(y, start[1]), Math.max(x, start[0])];
    draw(view);
  };
  canvas.onpointerup = () => {
    const [x, y] = start ?? [0, 0];
    const [top, left, bottom, right] = view.dragged ?? [y, x, y, x];
    start = null;
    view.dragged = null;
    if (view.hollow || (bottom - top) * (right - left) > 0.0005) tell([top, left, bottom, right]);
    else draw(view);
  };
};

const listenToKeys = (view, stage) => {
  const moves = { ArrowLeft: [30, 0], ArrowRight: [-30, 0], ArrowUp: [0, 30], ArrowDown: [0, -30] };
  stage.onkeydown = (event) => {
    if (event.target === view.canvas && view.marking && markByKey(view, event)) {
      event.preventDefault();
      return;
    }
    if (event.key === "+" || event.key === "=") zoomBy(view, 1.25);
    else if (event.key === "-") zoomBy(view, 0.8);
    else if (event.key === "0") home(view);
    else if (moves[event.key]) {
      view.x += moves[event.key][0];
      view.y += moves[event.key][1];
      draw(view);
    } else return;
    event.preventDefault();
  };
};

const listenToControls = (view, root) => {
  const all = (selector, act) => root.querySelectorAll(selector).forEach(act);
  const press = () => all("[data-show]", (b) => b.setAttribute("aria-pressed", String(b.dataset.show === view.show)));
  all("[data-show]", (button) => {
    button.onclick = () => {
      view.show = button.dataset.show;
      press();
      draw(view);
    };
  });
  press();
  all("[data-range]", (input) => {
    const told = () => {
      input.nextElementSibling.value = `${Math.round(100 * view[input.dataset.range])} %`;
    };
    input.value = view[input.dataset.range];
    told();
    input.oninput = () => {
      view[input.dataset.range] = Number(input.value);
      told();
      if (input.dataset.range !== "opacity") painted(view, view);
      draw(view);
    };
  });
  all("[data-zoom]", (button) => {
    button.onclick = () => (button.dataset.zoom === "0" ? home(view) : zoomBy(view, Number(button.dataset.zoom)));
  });
  all("[data-mark]", (button) => {
    const show = () => {
      button.setAttribute("aria-pressed", String(view.marking));
      view.canvas.classList.toggle("marking", view.marking);
    };
    button.onclick = () => {
      view.marking = !view.marking;
      show();
      view.canvas.focus();
    };
    show();
  });
  all("[data-unmark]", (button) => {
    button.onclick = () => {
      view.marks = [];
      draw(view);
      tell(view);
    };
  });
  all("[data-outline]", (button) => {
    button.setAttribute("aria-pressed", String(view.showOutline));
    button.onclick = () => {
      view.showOutline = !view.showOutline;
      button.setAttribute("aria-pressed", String(view.showOutline));
      draw(view);
    };
  });
};

export default function ({ parentElement, data, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector("#viewer");
  const kept = root.view && root.view.name === data.name ? root.view : {};
  root.innerHTML = data.html;
  const view = {
    ...{ zoom: 1, x: 0, y: 0, window: 1, level: 0.5, opacity: 0.65, show: data.map ? "both" : "off", showOutline: false },
    ...{ marks: data.marks ?? [], marking: Boolean(data.marking), corner: null, setStateValue },
    ...kept,
    name: data.name,
    width: data.width,
    height: data.height,
    grey: bytes(data.grey),
    outline: data.outline,
    painted: data.painted,
    hollow: data.hollow,
    dragged: null,
    map: data.map ? { ...data.map, values: new Int8Array(bytes(data.map.values).buffer) } : null,
    canvas: root.querySelector("canvas"),
    scan: null,
  };
  root.view = view;
  painted(view, view);
  listenToPointer(view);
  if (data.paint) listenToPaint(view, (box) => setTriggerValue("painted", box));
  listenToKeys(view, root.querySelector(".stage"));
  listenToControls(view, root);
  const observer = new ResizeObserver(() => draw(view));
  observer.observe(view.canvas);
  draw(view);
  return () => observer.disconnect();
}
