// How the HTML report looks: the page's palette, light and dark, on screen and on paper.
import { LADDER_CSS } from './ladder-svg.ts'

export const HTML_CSS: string = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f8, #111416);
  --surface: light-dark(#ffffff, #181c1f);
  --sunken: light-dark(#eceff1, #0c0f10);
  --line: light-dark(#d9dee2, #2b3237);
  --line-strong: light-dark(#7d8890, #6f7c85);
  --text: light-dark(#15191c, #e8ecee);
  --text-soft: light-dark(#4a545b, #aab4ba);
  --text-faint: light-dark(#5f6a72, #929da4);
  --accent: light-dark(#0b6374, #6cc3d3);
  --fail: light-dark(#a8271b, #ff9c8c);
  --fail-soft: light-dark(#fbe7e4, #3c1b17);
  --warn: light-dark(#7d5200, #ecc06a);
  --warn-soft: light-dark(#faf0d9, #352a12);
  --good: light-dark(#1b6b3a, #84d19f);
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', 'Segoe UI Mono', 'Roboto Mono', 'Liberation Mono', monospace;
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 0.9375rem/1.5 var(--sans); overflow-wrap: anywhere; }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 0.25rem; letter-spacing: -0.01em; }
h2 { font-size: 1.375rem; line-height: 1.25; margin: 0; letter-spacing: -0.005em; }
h3 { font-size: 0.9375rem; margin: 1.75rem 0 0.5rem; }
p { margin: 0.25rem 0; }
a { color: var(--accent); text-underline-offset: 0.15em; }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, pre, .mono { font-family: var(--mono); font-size: 0.8125rem; }
.soft { color: var(--text-soft); }
.small { font-size: 0.8125rem; }
.frames { color: var(--text-soft); font-family: var(--mono); font-size: 0.75rem; }
header.report { margin-bottom: 1.75rem; }
section, article { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem 1.5rem 1.5rem; margin: 0 0 1.5rem; }
section > h2 { font-size: 1.125rem; margin-bottom: 0.75rem; }
.kicker { display: flex; flex-wrap: wrap; gap: 0.375rem 0.75rem; align-items: center; margin: 0 0 0.5rem; font-size: 0.8125rem; color: var(--text-soft); }
.status { font: 700 0.875rem/1 var(--mono); padding: 0.3rem 0.5rem; border-radius: 5px; color: var(--fail); background: var(--fail-soft); }
.sure { display: inline-flex; align-items: center; gap: 0.375rem; font-weight: 600; color: var(--text); }
.sure::before { content: ''; width: 0.625rem; height: 0.625rem; border-radius: 50%; border: 2px solid var(--good); background: var(--good); }
.sure.likely::before { background: linear-gradient(90deg, var(--warn) 50%, transparent 50%); border-color: var(--warn); }
.sure.possible::before { background: none; border-color: var(--warn); }
.asked { margin: 0.375rem 0 0; }
.summary { font-size: 1.0625rem; line-height: 1.45; margin: 0.875rem 0 0; max-width: 52rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 1rem 0 0; font-size: 0.875rem; }
dt { color: var(--text-soft); }
dd { margin: 0; }
figure { margin: 1.25rem 0 0; }
figcaption { font-size: 0.8125rem; color: var(--text-soft); margin-top: 0.5rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; padding: 0.5rem 0.75rem; }
.scroll > svg { margin: 0 auto; }
ol, ul { margin: 0; padding-left: 1.375rem; }
li { margin: 0.3rem 0; padding-left: 0.125rem; }
li::marker { color: var(--text-faint); }
pre { margin: 0.375rem 0 0; padding: 0.625rem 0.75rem; background: var(--sunken); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.45; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th { text-align: left; font-weight: 600; color: var(--text-soft); font-size: 0.8125rem; }
th, td { padding: 0.4rem 0.875rem 0.4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child > * { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.keep { white-space: nowrap; font-variant-numeric: tabular-nums; }
.table { overflow-x: auto; }
.table table { min-width: 34rem; overflow-wrap: break-word; }
.outcome { font-weight: 650; white-space: nowrap; }
.outcome.pass { color: var(--good); }
.outcome.fail { color: var(--fail); }
.outcome.unknown { color: var(--warn); }
.outcome.not-applicable { color: var(--text-faint); font-weight: 400; }
tr.deciding { background: var(--warn-soft); font-weight: 600; }
details { margin-top: 1rem; border-top: 1px solid var(--line); padding-top: 0.75rem; }
details + details { margin-top: 0.75rem; }
summary { cursor: pointer; font-weight: 600; font-size: 0.9375rem; }
details > :not(summary) { margin-top: 0.625rem; }
footer { color: var(--text-faint); font-size: 0.8125rem; }
@media (max-width: 40rem) {
  main { padding: 1.25rem 0.75rem 3rem; }
  section, article { padding: 1rem; border-radius: 8px; }
  h1 { font-size: 1.375rem; }
  h2 { font-size: 1.1875rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 0.5rem; }
}
@media print {
  :root { color-scheme: light; }
  body { background: none; font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  section, article { border: 0; padding: 0; margin-bottom: 1.5rem; break-inside: auto; }
  article + article { break-before: page; }
  h2, h3, summary, figcaption { break-after: avoid; }
  li, tr, pre, .kicker { break-inside: avoid; }
  .scroll, .table { overflow: visible; border: 0; padding: 0; }
  .scroll > svg { max-width: 100%; height: auto; }
  details::details-content { content-visibility: visible; block-size: auto; }
  a { color: inherit; text-decoration: none; }
}
${LADDER_CSS}`
