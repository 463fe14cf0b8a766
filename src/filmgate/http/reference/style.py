"""How the reference looks. Nothing is loaded: the typefaces are those that the reader has."""

from base64 import b64encode
from hashlib import sha256

STYLE = """
:root {
  --paper: #fbfaf8; --ink: #22262b; --quiet: #626a73; --line: #e5e2dc; --well: #f3f1ec;
  --accent: #0a6a73; --get: #0b5c8f; --post: #2c6e3f; --delete: #a3352c; --string: #8a4b0f;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif;
  --serif: Charter, "Iowan Old Style", "Palatino Linotype", Georgia, "Liberation Serif", serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --ink: #dfe2e5; --quiet: #98a1aa; --line: #2c3138; --well: #1c2026;
    --accent: #6cc3c6; --get: #79b8ea; --post: #86c795; --delete: #ef9a90; --string: #dcae7c;
  }
}
* { box-sizing: border-box }
html { scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 var(--sans) }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .18em }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px }
code, pre, .method { font-family: var(--mono) }
code { font-size: .875em; overflow-wrap: anywhere }
small { font-weight: normal; color: var(--quiet) }
.skip { position: absolute; left: -99rem }
.skip:focus { left: 1rem; top: 1rem; z-index: 2; background: var(--paper); padding: .25rem .75rem }

/* the contents */
nav { border-bottom: 1px solid var(--line); padding: .75rem 1.25rem; position: sticky; top: 0;
  background: var(--paper); z-index: 1; display: flex; gap: 1.25rem; align-items: baseline;
  overflow-x: auto; font-size: .9rem; white-space: nowrap }
nav p { margin: 0; font: 600 1.15rem var(--serif) }
nav p a, nav a { color: inherit; text-decoration: none }
nav a:hover { color: var(--accent) }
nav p small { display: none }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; gap: 1.1rem }
nav ul ul { display: none }

/* the text */
main { padding: 2.5rem 1.25rem 6rem; max-width: 82rem; min-width: 0 }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.2; margin: 0;
  text-wrap: balance }
h1 { font-size: 2.6rem; letter-spacing: -.015em }
h1 small { font-size: .55em; letter-spacing: 0 }
h2 { font-size: 1.9rem }
h3 { font-size: 1.35rem }
h4 { font-size: .8rem; font-weight: 600; color: var(--quiet); margin: 0 0 .4rem }
h4 small, h4 code { font-size: 1em; font-weight: normal }
p { margin: .6rem 0; max-width: 42rem }
.lede { font: 1.15rem/1.6 var(--serif) }
.note { font-size: .9rem; color: var(--quiet) }
section { margin-top: 4.5rem }
article { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 2rem }
.permalink { color: var(--quiet); text-decoration: none; font-weight: normal; opacity: 0 }
:is(h2, h3):hover .permalink, .permalink:focus, :target > h2 .permalink,
:target > h3 .permalink { opacity: 1 }
:target > h3 { color: var(--accent) }
dl { margin: 1.75rem 0 0; border-left: 3px solid var(--accent); padding-left: 1.1rem }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .15rem 0 }
dt { width: 8rem; color: var(--quiet) }
dd { margin: 0 }
.steps { padding: 0; margin: 1.5rem 0 0; list-style: none; counter-reset: step;
  max-width: 48rem }
.steps li { counter-increment: step; margin-bottom: 1.5rem }
.steps p { margin: 0 0 .6rem }
.steps p::before { content: counter(step) "."; font: 600 1.15rem var(--serif); color: var(--accent);
  margin-right: .5rem }
.cards { list-style: none; padding: 0; margin: 1.25rem 0 0; display: grid; gap: .5rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)) }
.cards li { border-top: 1px solid var(--line); padding-top: .6rem }
.cards a { font: 600 1.1rem var(--serif) }
.cards p { margin: .1rem 0 .6rem; color: var(--quiet); font-size: .95rem }

/* operations */
.method { font-size: .72rem; font-weight: 700; letter-spacing: .03em; color: var(--hue);
  background: color-mix(in srgb, var(--hue) 13%, transparent); border-radius: 4px;
  padding: .18rem .45rem }
.get { --hue: var(--get) } .post { --hue: var(--post) } .delete { --hue: var(--delete) }
.address { margin: .5rem 0 0; font-size: 1.05rem }
.also { font-size: .9rem; color: var(--quiet); margin-top: .2rem }
pre { background: var(--well); border-radius: 8px; margin: 0 0 1rem; padding: .9rem 1rem;
  overflow-x: auto; font-size: .8125rem; line-height: 1.55; tab-size: 2 }
pre code { font-size: 1em; overflow-wrap: normal }
.key { color: var(--accent) } .string { color: var(--string) }
.shown { margin-top: .9rem; min-width: 0 } .told { min-width: 0 }
details { margin: .4rem 0 }
summary { cursor: pointer; color: var(--accent); font-size: .92rem; padding: .15rem 0 }
details pre { margin-top: .4rem }
details caption { position: absolute; clip-path: inset(50%) } /* the summary says the same */

/* tables */
table { border-collapse: collapse; width: 100%; margin: 1.25rem 0 .5rem; font-size: .92rem;
  line-height: 1.45 }
caption { text-align: left; font: 600 1.02rem var(--serif); padding-bottom: .35rem }
th, td { text-align: left; vertical-align: top; padding: .42rem 1rem .42rem 0 }
tr > :last-child { padding-right: 0 }
thead th { font-size: .8rem; font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--line) }
tbody tr + tr > * { border-top: 1px solid color-mix(in srgb, var(--line) 60%, transparent) }
tbody th { font-weight: normal; white-space: nowrap }
.required { font-style: normal; font-weight: 600 }
.kind { color: var(--quiet); display: block }

@media (max-width: 40rem) {
  main { padding-top: 1.75rem }
  h1 { font-size: 2.1rem } h2 { font-size: 1.6rem }
  th, td { padding-right: .7rem }
  table:has(th:nth-child(4)) thead { position: absolute; clip-path: inset(50%) }
  table:has(th:nth-child(4)) tr { display: flex; flex-wrap: wrap; gap: 0 .75rem; padding: .45rem 0 }
  table:has(th:nth-child(4)) tbody tr + tr { border-top: 1px solid var(--line) }
  table:has(th:nth-child(4)) tbody tr > * { border: 0; padding: 0 }
  table:has(th:nth-child(4)) tbody td:last-child { flex-basis: 100% }
  table:has(th:nth-child(4)) tbody td:not(:last-child) { color: var(--quiet) }
}
@media (min-width: 62rem) {
  html { scroll-padding-top: 2rem }
  body { display: grid; grid-template-columns: 17rem minmax(0, 1fr) }
  nav { display: block; white-space: normal; height: 100vh; overflow: auto; padding: 2.25rem 1rem 2rem 1.75rem;
    border: 0; border-right: 1px solid var(--line) }
  nav p small { display: inline }
  nav p { font-size: 1.35rem; margin-bottom: 1.25rem }
  nav ul, nav ul ul { display: block }
  nav > ul > li { margin-bottom: .9rem }
  nav > ul > li > a { font-weight: 600 }
  nav li li a { display: flex; gap: .5rem; align-items: baseline; padding: .16rem 0;
    line-height: 1.35; color: var(--quiet) }
  nav li li a:hover { color: var(--accent) }
  nav .method { font-size: .6rem; padding: .08rem .3rem; width: 3.1rem; text-align: center;
    flex-shrink: 0 }
  main { padding: 3.25rem 3.5rem 8rem }
}
@media (min-width: 82rem) {
  .operation { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 2.75rem }
  .operation > * { grid-column: 1 / -1 }
  .operation > .told { grid-column: 1 }
  .operation > .shown { grid-column: 2; align-self: start; position: sticky; top: 1.5rem }
}
@media print { nav, .permalink { display: none } pre { white-space: pre-wrap } }
"""

STYLE_SOURCE = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
"""What a Content-Security-Policy calls it, so that it allows this style and no other."""
