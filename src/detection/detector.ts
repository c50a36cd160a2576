export type { Detection, Detector } from './detection.ts';
