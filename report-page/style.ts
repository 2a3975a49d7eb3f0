/**
 * What the pages have in common. Light and dark follow the reader's system; contrast is at least 4.5 in both (WCAG 2.2,
 * 1.4.3). Print is black on white.
 */
export const style = `
:root { color-scheme: light dark; --text: #1b1f24; --quiet: #57606a; --ground: #ffffff; --soft: #f3f5f7; --line: #c9d1d9; --loss: #a40e26; --warn: #8a5a00; --fine: #116329; --link: #0550ae; --bar: #2f6fbd; --ca: #b4541a; }
@media (prefers-color-scheme: dark) {
:root { --text: #e6edf3; --quiet: #9da7b3; --ground: #0d1117; --soft: #161b22; --line: #3d444d; --loss: #ff9492; --warn: #e3b341; --fine: #56d364; --link: #79c0ff; --bar: #6cb2ff; --ca: #ffa657; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 3rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
p { margin: .5rem 0; }
.headline { font-size: 1.1rem; font-weight: 600; }
.loses, strong { color: var(--loss); }
.quiet { color: var(--quiet); }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; overflow-wrap: normal; }
thead th { background: var(--soft); }
tbody th { font-weight: 600; white-space: nowrap; }
ul { padding-left: 1.5rem; }
summary { cursor: pointer; padding: .25rem 0; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.names { columns: 16rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.6rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; background: var(--soft); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .7rem; }
.tiles dt { color: var(--quiet); font-size: .9rem; }
.tiles dd { margin: 0; font-size: 1.5rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; }
.bad { color: var(--loss); }
.soon { color: var(--warn); }
.picture { overflow-x: auto; }
.picture svg { display: block; min-width: 44rem; width: 100%; height: auto; }
.filters { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: .75rem 0; }
.filters label { display: flex; flex-direction: column; font-size: .9rem; color: var(--quiet); }
.filters label.wide { flex: 1 1 16rem; }
input, select, button { font: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--quiet); border-radius: .3rem; padding: .3rem .5rem; min-height: 2.2rem; }
button { cursor: pointer; background: var(--soft); }
button:disabled { cursor: default; color: var(--quiet); border-color: var(--line); }
.rows table { width: 100%; font-size: .9rem; }
.rows th, .rows td { white-space: nowrap; }
.rows thead th { padding: 0; }
.rows thead button { width: 100%; border: 0; border-radius: 0; text-align: left; font-weight: 600; padding: .35rem .6rem; white-space: nowrap; }
.rows thead button span { display: inline-block; width: 1em; text-align: right; }
.rows tbody button { border: 0; background: none; color: var(--link); padding: 0; min-height: 1.5rem; font-weight: 600; text-align: left; text-decoration: underline; text-underline-offset: 2px; white-space: normal; width: max-content; max-width: 22rem; }
.rows td.text { white-space: normal; min-width: 10rem; }
.rows dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem; margin: .25rem 0; white-space: normal; }
.rows dt { color: var(--quiet); }
.rows dd { margin: 0; overflow-wrap: anywhere; }
.pages { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
@media print {
tbody th { white-space: normal; }
@page { margin: 12mm; }
:root { --text: #000000; --quiet: #333333; --ground: #ffffff; --soft: #ffffff; --line: #777777; --loss: #000000; --warn: #000000; --fine: #000000; --link: #000000; --bar: #555555; --ca: #000000; }
body { max-width: none; padding: 0; font-size: .8rem; }
.filters, .pages button { display: none; }
.table, .picture { overflow: visible; }
.picture svg { min-width: 0; }
.rows table { font-size: .62rem; }
.rows th, .rows td { padding: .1rem .3rem; }
.rows td.text { min-width: 0; }
.rows tbody button { text-decoration: none; min-height: 0; }
.rows thead button { padding: .1rem .3rem; min-height: 0; white-space: normal; }
details::details-content { content-visibility: visible; block-size: auto; }
thead { display: table-header-group; }
tr, li, .picture, .tiles div { break-inside: avoid; }
h2 { break-after: avoid; }
}
`;
