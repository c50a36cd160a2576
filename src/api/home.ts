import type { Totals } from '../queries/types.ts';

export interface Home {
  /** Undefined while the graph does not answer. */
  readonly totals: Totals | undefined;
  readonly introspection: boolean;
  /** Whether anybody may know how much the graph holds. */
  readonly isOpen: boolean;
}

/** The start page: where things are, and what the graph holds. */
export function homePage({ totals, introspection, isOpen }: Home): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>AVD</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/home.css" />
  </head>
  <body>
    <main>
      <h1>AVD</h1>
      <p class="lead">Who do I depend on, who do they depend on, how do we know, and who is hit if one of them falls?</p>
      ${totals ? ready(isOpen ? totals : {}) : '<p class="state away">The graph does not answer yet.</p>'}
      <ul class="links">
        ${introspection ? '<li><a href="/graphiql">GraphiQL</a> – ask questions and read the schema</li>' : ''}
        <li><code>POST /graphql</code> – the API</li>
        <li><a href="/health/ready">Health</a> – is everything there</li>
        <li><a href="/metrics">Metrics</a> – for Prometheus</li>
      </ul>
    </main>
  </body>
</html>
`;
}

function ready(counts: Totals | Record<string, never>): string {
  const cells = Object.entries(counts).map(
    ([what, n]) => `<div><dt>${what}</dt><dd>${n.toLocaleString('en')}</dd></div>`,
  );
  return `<p class="state ready">The graph is ready.</p>
      ${cells.length > 0 ? `<dl>${cells.join('')}</dl>` : ''}`;
}

export const HOME_STYLE = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6577; --line: #d9dee7; --paper: #fff; --accent: #2457c5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf3; --soft: #9aa5b8; --line: #333c4b; --paper: #14181f; --accent: #7aa2ff; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 42rem; margin: 12vh auto 4rem; padding: 0 1.5rem; }
h1 { margin: 0; font-size: 2.5rem; letter-spacing: -0.02em; }
.lead { margin: 0.25rem 0 2rem; color: var(--soft); font-size: 1.125rem; }
.state::before { content: ''; display: inline-block; width: 0.6rem; height: 0.6rem; margin-right: 0.6rem; border-radius: 50%; background: currentcolor; }
.ready::before { color: #2e9e5b; }
.away::before { color: #d08a1d; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1rem; margin: 1rem 0 2rem; }
dl div { padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 0.5rem; }
dt { color: var(--soft); font-size: 0.875rem; text-transform: capitalize; }
dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.links { margin: 0; padding: 0; list-style: none; }
.links li { padding: 0.6rem 0; border-top: 1px solid var(--line); color: var(--soft); }
a { color: var(--accent); }
code { color: var(--ink); }
`;
