// A layered drawing for what no layout was recorded for: graphs that are folded, or runs without one.
// Layers by longest path, order within a layer by the mean place of the neighbours (Sugiyama, Tagawa and Toda 1981).

const GAP_X = 24;
const GAP_Y = 56;

// boxes: [{w, h, rank, up: [box], …}]; sets x and y of each, returns [{from, to, points}] and the size.
function layered(boxes) {
  const layers = [];
  for (const box of boxes) (layers[box.rank] = layers[box.rank] || []).push(box);
  const rows = layers.filter(Boolean);
  rows.forEach((row, number) => { for (const box of row) box.row = number; });
  const lines = threads(boxes, rows);
  for (let sweep = 0; sweep < 6; sweep += 1) {
    if (sweep % 2) for (let i = rows.length - 2; i >= 0; i -= 1) arrange(rows[i], "below");
    else for (let i = 1; i < rows.length; i += 1) arrange(rows[i], "above");
  }
  return place(rows, lines);
}

// Lines over several layers get an empty box in each layer between, so that they find a way between the others.
function threads(boxes, rows) {
  for (const box of boxes) {
    box.above = [];
    box.below = [];
  }
  const lines = [];
  let spare = 4000;
  for (const box of boxes) {
    for (const up of box.up) {
      const line = { from: up, to: box, bends: [] };
      let last = up;
      for (let row = up.row + 1; row < box.row && spare > 0; row += 1) {
        spare -= 1;
        const bend = { w: 6, h: 0, row, above: [last], below: [], bend: true };
        last.below.push(bend);
        rows[row].push(bend);
        line.bends.push(bend);
        last = bend;
      }
      last.below.push(box);
      box.above.push(last);
      lines.push(line);
    }
  }
  rows.forEach((row) => row.forEach((box, index) => { box.order = index; }));
  return lines;
}

function arrange(row, side) {
  for (const box of row) {
    const near = box[side];
    box.pull = near.length ? near.reduce((sum, other) => sum + other.order / (other.count || 1), 0) / near.length : box.order / row.length;
  }
  row.sort((a, b) => a.pull - b.pull);
  row.forEach((box, index) => {
    box.order = index;
    box.count = row.length;
  });
}

function place(rows, lines) {
  let y = 16;
  for (const row of rows) {
    let x = 0;
    for (const box of row) {
      box.x = x;
      x += box.w + GAP_X;
    }
    for (const box of row) box.x -= (x - GAP_X) / 2;
    const height = Math.max(...row.map((box) => box.h));
    for (const box of row) box.y = y + (height - box.h) / 2;
    y += height + GAP_Y;
  }
  for (let pass = 0; pass < 8; pass += 1) {
    for (const row of pass % 2 ? rows.slice().reverse() : rows) settle(row, pass % 2 ? "below" : "above");
  }
  const all = rows.flat();
  const left = Math.min(0, ...all.map((box) => box.x)) - 16;
  for (const box of all) box.x -= left;
  const width = Math.max(0, ...all.map((box) => box.x + box.w)) + 16;
  return { width, height: Math.max(32, y - GAP_Y + 16), lines: lines.map(route) };
}

// Moves each box towards the middle of its neighbours as far as the others in its layer allow.
function settle(row, side) {
  const centre = (box) => box.x + box.w / 2;
  const wish = row.map((box) => {
    const near = box[side];
    return near.length ? near.reduce((sum, other) => sum + centre(other), 0) / near.length - box.w / 2 : box.x;
  });
  let edge = -Infinity;
  const right = row.map((box, i) => {
    const x = Math.max(wish[i], edge);
    edge = x + box.w + GAP_X;
    return x;
  });
  edge = Infinity;
  for (let i = row.length - 1; i >= 0; i -= 1) {
    const x = Math.min(wish[i], edge - row[i].w);
    edge = x - GAP_X;
    row[i].x = (x + right[i]) / 2;
  }
}

function route(line) {
  const { from, to, bends } = line;
  return { from, to, points: [
    [from.x + from.w / 2, from.y + from.h],
    ...bends.map((bend) => [bend.x + bend.w / 2, bend.y]),
    [to.x + to.w / 2, to.y],
  ] };
}

function curve(points) {
  let [x, y] = points[0];
  let path = `M${x.toFixed(1)} ${y.toFixed(1)}`;
  for (const [nextX, nextY] of points.slice(1)) {
    const half = (y + nextY) / 2;
    path += `C${x.toFixed(1)} ${half.toFixed(1)} ${nextX.toFixed(1)} ${half.toFixed(1)} ${nextX.toFixed(1)} ${nextY.toFixed(1)}`;
    [x, y] = [nextX, nextY];
  }
  return path;
}
