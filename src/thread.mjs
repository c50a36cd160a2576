// A thread does not take over the loader that lets Node run TypeScript, so it registers it before anything else.
import { register } from 'tsx/esm/api';

register();
await import(process.argv[2]);
