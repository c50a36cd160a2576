import type { Fault } from './refusal.ts';

/**
 * How a file falls into documents: all of it is one, each line is one, or each row of a CSV file is one (and its header
 * goes with it, where it has one). A quoted field of CSV may hold line breaks.
 */
export type Framing = 'whole' | 'lines' | 'csv' | 'csv-without-header';

/** A format that a stream accepts, in the order in which formats are tried. */
export interface Format {
  readonly id: string;
  readonly framing: Framing;
  /** Whether a file is of this format, by its first line that is not blank (at most 64 kB of it). */
  recognise(firstLine: string): boolean;
}

/** One document of a file, or something in it that is none. */
export type Framed = FramedDocument | FramedRefusal;

export interface FramedDocument {
  readonly kind: 'document';
  readonly bytes: Uint8Array;
  readonly place: string;
  readonly format: string;
  /** The header line, for a row of a CSV file. */
  readonly columns?: string;
}

export interface FramedRefusal extends Fault {
  readonly kind: 'refused';
  readonly place: string;
  /** SHA-256 of all that is refused, in hexadecimal; of the file as it lies on the disk where it was not read whole. */
  readonly digest: string;
  /** The refused bytes, at most 64 kB of those that are larger than a document may be. */
  readonly original: Uint8Array;
  readonly truncated: boolean;
  /** The header line, for a row of a CSV file. */
  readonly columns?: string;
}
