// `npm start`: installs and builds what is missing, then becomes src/main/start.ts in this same process, so that signals
// reach it.
import { ensurePackages } from './install.mjs';

ensurePackages();
const { build } = await import('./build.mjs');
await build();
await import(new URL('../build/start.js', import.meta.url).href);
