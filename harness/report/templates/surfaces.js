"use strict";
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const element = (id) => document.getElementById(id);
  // The library reads tags, entities and formulas in labels; these are plain text.
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\$/g, "&#36;");

  // Labels in three dimensions know tags and formulas but no entities.
  const untagged = (text) => text.replace(/</g, "‹").replace(/>/g, "›").replace(/\$/g, "＄");

  const RED = "#c43c00";
  const BLUE = "#00558c";
  const FONT = { family: "Charter, 'Liberation Serif', 'Noto Serif CJK SC', serif", size: 13, color: "#1a1a1a" };
  // Only these buttons: others of the library send the data to a server.
  const BUTTONS = [["toImage", "zoom3d", "pan3d", "orbitRotation", "tableRotation", "resetCameraDefault3d"]];
  const STILL = { responsive: true, displayModeBar: false, plotlyServerURL: "" };
  const TURNING = { ...STILL, displayModeBar: true, displaylogo: false, modeBarButtons: BUTTONS };
  const LIMITS = { estimate: ["conf_low", "conf_high"], effect: ["effect_low", "effect_high"] };

  const fill = (id, labels) =>
    labels.forEach((label, place) => element(id).add(new Option(label, String(place))));
  fill("outcome", content.outcomes);
  fill("moderator", content.moderators);
  fill("estimator", content.estimators);

  const chosen = (id) => Number(element(id).value);
  const find = () =>
    content.surfaces.find((one) => ["outcome", "moderator", "estimator"].every((id) => one[id] === chosen(id)));

  const masked = (layer, supported) =>
    layer.map((row, up) => row.map((value, across) => (supported[up][across] ? value : null)));
  const nearUnsupported = (supported, up, across) =>
    [-1, 0, 1].some((down) => [-1, 0, 1].some((right) => supported[up + down]?.[across + right] === 0));
  const away = (layer, supported) =>
    layer.map((row, up) => row.map((value, across) => (nearUnsupported(supported, up, across) ? value : null)));

  const details = (one) =>
    one.estimate.map((row, up) =>
      row.map((_, across) => [
        one.conf_low[up][across], one.conf_high[up][across], one.effect[up][across],
        one.effect_low[up][across], one.effect_high[up][across], one.n_obs[up][across],
      ]));
  // Words are in the language of the report; each % is filled in turn.
  const filled = (words, ...parts) => parts.reduce((text, part) => text.replace("%", () => part.replace(/%/g, "\u0000")), words).replaceAll("\u0000", "%");
  const hover = (names, z) =>
    `${names.exposure}: %{x:.4~g}<br>${names.moderator}: %{y:.4~g}<br>${z}: %{z:.5~g}` +
    `<br>${filled(content.words.limits, "%{customdata[0]:.5~g}", "%{customdata[1]:.5~g}")}` +
    `<br>${filled(content.words.effect, "%{customdata[2]:.4~g}", "%{customdata[3]:.4~g}", "%{customdata[4]:.4~g}")}` +
    `<br>${filled(content.words.near, "%{customdata[5]:.0f}")}<extra></extra>`;

  const surface3dTraces = (one, layer, names, z) => {
    const sheet = (values, more) => ({ type: "surface", x: one.x, y: one.y, z: values, showscale: false, ...more });
    const traces = [
      sheet(masked(one[layer], one.supported), {
        colorscale: "Viridis", customdata: details(one), hovertemplate: hover(names, z),
        contours: { z: { show: true, usecolormap: false, color: "#ffffff", width: 1 } },
      }),
      sheet(away(one[layer], one.supported), {
        colorscale: [[0, "#bbbbbb"], [1, "#bbbbbb"]], opacity: 0.35, hoverinfo: "skip",
      }),
    ];
    if (element("limits").checked) {
      LIMITS[layer].forEach((name) =>
        traces.push(sheet(masked(one[name], one.supported), {
          colorscale: [[0, "#888888"], [1, "#888888"]], opacity: 0.25, hoverinfo: "skip",
        })));
    }
    return traces;
  };

  const lineAcross = (at, vertical) => ({
    type: "line", line: { color: RED, width: 2 },
    ...(vertical
      ? { x0: at, x1: at, xref: "x", y0: 0, y1: 1, yref: "paper" }
      : { y0: at, y1: at, yref: "y", x0: 0, x1: 1, xref: "paper" }),
  });

  const bandTrace = (line, band, opacity, name) => ({
    type: "scatter", mode: "lines", fill: "toself", line: { width: 0 }, hoverinfo: "skip", name,
    fillcolor: `rgba(0, 85, 140, ${opacity})`, showlegend: true,
    x: [...line.at, ...[...line.at].reverse()], y: [...band.high, ...[...band.low].reverse()],
  });

  const knownOnly = (line) => {
    const places = line.at.map((_, place) => place).filter((place) => line.effect[place] !== null);
    const take = (values) => places.map((place) => values[place]);
    const band = (one) => one && { low: take(one.low), high: take(one.high) };
    return {
      at: take(line.at), effect: take(line.effect),
      pointwise: band(line.pointwise), simultaneous: band(line.simultaneous),
    };
  };

  const effectTraces = (one) => {
    if (!one.line) return [];
    const line = knownOnly(one.line);
    const traces = [];
    if (line.simultaneous) traces.push(bandTrace(line, line.simultaneous, 0.12, content.words.simultaneous));
    if (line.pointwise) traces.push(bandTrace(line, line.pointwise, 0.22, content.words.pointwise));
    traces.push({
      type: "scatter", mode: "lines", x: line.at, y: line.effect, line: { color: BLUE, width: 2 }, name: content.words.line,
    });
    if (one.truth) {
      traces.push({
        type: "scatter", mode: "lines", x: one.truth.at, y: one.truth.effect, name: content.words.truth,
        line: { color: "#000", width: 2, dash: "dash" },
      });
    }
    return traces;
  };

  const trueContours = (one, layer) => (one.truth && layer === "estimate" ? [{
    type: "contour", x: one.x, y: one.y, z: one.truth.estimate, name: content.words.truth, showscale: false,
    contours: { coloring: "none", showlabels: true }, line: { color: "#000", width: 1, dash: "dash" },
    hoverinfo: "skip",
  }] : []);

  const draw = () => {
    const one = find();
    element("missing").hidden = Boolean(one);
    element("shown").hidden = !one;
    if (!one) return undefined;
    const layer = element("layer").value;
    const names = { exposure: plain(content.exposure), moderator: plain(content.moderators[one.moderator]) };
    const title = content[layer === "effect" ? "effects" : "outcomes"][one.outcome];
    const z = plain(title);
    const base = { font: FONT, paper_bgcolor: "#fff", plot_bgcolor: "#fff", uirevision: "kept" };

    // On a narrow screen titles of axes lie outside the drawing unless it is seen from further away.
    const away = innerWidth < 640 ? 1.3 : 1;
    const surface3d = Plotly.react("surface3d", surface3dTraces(one, layer, names, z), {
      ...base, margin: { l: 0, r: 0, t: 10, b: 0 },
      scene: {
        xaxis: { title: { text: untagged(content.exposure) } },
        yaxis: { title: { text: untagged(content.moderators[one.moderator]) } },
        zaxis: { title: { text: untagged(title) } },
        camera: { eye: { x: -1.6 * away, y: -1.7 * away, z: 0.9 * away } },
      },
    }, TURNING);

    const contours = Plotly.react("contours", [{
      type: "contour", x: one.x, y: one.y, z: masked(one[layer], one.supported), colorscale: "Viridis",
      customdata: details(one), hovertemplate: hover(names, z), line: { color: "#fff", width: 0.5 },
      colorbar: { thickness: 12 },
    }, ...trueContours(one, layer)], {
      ...base, margin: { l: 60, r: 10, t: 10, b: 45 },
      xaxis: { title: { text: names.exposure } }, yaxis: { title: { text: names.moderator } },
      shapes: one.thresholds.map((row) => lineAcross(row.at, false)),
    }, STILL);

    const effect = Plotly.react("effect", effectTraces(one), {
      ...base, margin: { l: 60, r: 10, t: 60, b: 45 }, legend: { orientation: "h", y: 1.02, yanchor: "bottom" },
      xaxis: { title: { text: names.moderator }, zeroline: false },
      yaxis: { title: { text: plain(content.effects[one.outcome]) }, zeroline: true, zerolinecolor: "#333" },
      shapes: one.thresholds.map((row) => lineAcross(row.at, true)),
    }, STILL);

    element("thresholds").textContent = one.thresholds.length
      ? filled(content.words.changes, one.thresholds.map((row) => row.text).join("; "))
      : content.words.unchanged;
    return Promise.all([surface3d, contours, effect]);
  };

  // One drawing after the other: the library stumbles where a second one overtakes the first.
  let drawn = Promise.resolve();
  const redraw = () => {
    drawn = drawn.then(draw).catch(console.error).then(() => new Promise(requestAnimationFrame));
  };

  ["outcome", "moderator", "estimator", "layer", "limits"].forEach((id) => element(id).addEventListener("change", redraw));
  redraw();
})();
