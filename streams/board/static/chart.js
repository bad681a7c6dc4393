// Draws the table of failure demand by hour, which says the same in figures: the chart reads nothing else.
"use strict";

const chart = (() => {
  const HEIGHT = 150;
  let plot = null;

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function figures(table) {
    const hours = [...table.tHead.rows[0].cells].slice(1).map((cell) => Number(cell.textContent));
    const rows = [...table.tBodies[0].rows].map((row) =>
      [...row.cells].slice(1).map((cell) => (cell.dataset.y === "" ? null : Number(cell.dataset.y))));
    return [[...hours, hours.length], ...rows.map((row) => [...row, row.at(-1)])]; // the last hour has an end, too
  }

  function options(place) {
    const axis = { stroke: () => colour("--soft"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false } };
    return {
      width: place.clientWidth,
      height: HEIGHT,
      cursor: { show: false },
      legend: { show: false },
      padding: [8, 0, 0, 0],
      scales: { x: { time: false, range: [0, 24] }, y: { range: (_, __, most) => [0, Math.max(5, most * 1.1)] } },
      axes: [{ ...axis, size: 24, incrs: [2, 4, 6], values: (_, hours) => hours.map((hour) => (hour < 24 ? String(hour).padStart(2, "0") : "")) }, { ...axis, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] }],
      series: [
        { label: "Hour" },
        { label: "Today", stroke: () => colour("--accent"), fill: () => colour("--accent"), paths: uPlot.paths.bars({ size: [0.7], align: 1 }), points: { show: false } },
        { label: "Usual", stroke: () => colour("--usual"), width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } },
      ],
    };
  }

  function draw() {
    const place = document.getElementById("plot");
    const table = place && document.getElementById(place.dataset.table);
    if (!table) return;
    if (plot) plot.setData(figures(table));
    else plot = new uPlot(options(place), figures(table), place);
  }

  function fit() {
    const place = document.getElementById("plot");
    if (plot && place) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }

  window.addEventListener("resize", fit);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && plot.redraw());
  return { draw };
})();
