import { DAY } from '../graph/claim-state.ts';
import { Adjacency } from './adjacency.ts';
import { grown, permuted, trimmed } from './columns.ts';

/** All that decides what follows from a claim. Times are ms since 1970; a `measured` is UTC day × 2, + 1 where critical. */
export interface ClaimRow {
  readonly subject: number;
  readonly object: number;
  readonly kind: number;
  readonly source: number;
  /** NaN where nobody ever said that it is so. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** NaN: never sighted. */
  readonly sighted: number;
  /** −1: never measured. */
  readonly measured: number;
  /** NaN: never stated. */
  readonly statedAt: number;
  readonly statedConfidence: number;
  /** NaN: never retracted. */
  readonly retractedAt: number;
}

const NONE = -1;
/** Codes of times: whole UTC days since 1970, −1 for never, −2 − place for one in `moments`. */
const NEVER = -1;
const EXACT = -2;

/**
 * Claims as columns, with the claims of each subject and of each object: some 40 bytes a sighted claim, 24 more for what
 * was stated and 16 for when. `kind` is the number of a service, or of a kind of claim on identity.
 */
export class ClaimTable {
  count = 0;
  subject = new Int32Array(64);
  object = new Int32Array(64);
  kind = new Uint8Array(64);
  source = new Uint16Array(64);
  /** Codes of times: what was sighted was so at a midnight, which takes half of what a time takes. */
  firstSeen = new Int32Array(64);
  lastSeen = new Int32Array(64);
  /** Times that are no midnights, each of one claim. */
  moments = new Float64Array(0);
  momentCount = 0;
  /** Place in `confidences`, 0 where it was never sighted: crawlers give few different ones. */
  sighted: Uint16Array | Int32Array = new Uint16Array(64);
  measured = new Int32Array(64);
  /** Place in the columns of statements, or −1. */
  statement = new Int32Array(64);

  statements = 0;
  statedAt = new Float64Array(0);
  statedConfidence = new Float64Array(0);
  retractedAt = new Float64Array(0);

  confidences: number[] = [Number.NaN];
  #placeOf = new Map<number, number>();

  bySubject = new Adjacency();
  byObject = new Adjacency();

  /** How many claims there is room for. */
  get room(): number {
    return this.subject.length;
  }

  /** Adds a claim that is not there yet, without a place in the lists: call `arrange` when all are added. */
  append(row: ClaimRow): number {
    const claim = this.count++;
    this.#reach(this.count);
    this.subject[claim] = row.subject;
    this.object[claim] = row.object;
    this.kind[claim] = row.kind;
    this.source[claim] = row.source;
    this.statement[claim] = NONE;
    this.firstSeen[claim] = NEVER;
    this.lastSeen[claim] = NEVER;
    this.set(claim, row);
    return claim;
  }

  /** Sorts the claims by object, so that those of a hub are neighbours in memory, and builds the lists. */
  arrange(nodes: number): void {
    const order = Adjacency.from(this.object, this.count, nodes).pool;
    this.subject = permuted(this.subject, order);
    this.object = permuted(this.object, order);
    this.kind = permuted(this.kind, order);
    this.source = permuted(this.source, order);
    this.firstSeen = permuted(this.firstSeen, order);
    this.lastSeen = permuted(this.lastSeen, order);
    this.sighted = permuted(this.sighted, order);
    this.measured = permuted(this.measured, order);
    this.statement = permuted(this.statement, order);
    this.index(nodes);
  }

  /** Builds the lists of columns that are arranged already, and makes room for claims to come. */
  index(nodes: number): void {
    this.byObject = Adjacency.from(this.object, this.count, nodes);
    this.bySubject = Adjacency.from(this.subject, this.count, nodes);
    this.#placeOf = new Map(this.confidences.map((value, place) => [value, place]));
    this.#reserve();
  }

  /** Adds the claim or writes its new state. @returns whether anything that decides is another than before */
  put(row: ClaimRow): boolean {
    const found = this.find(row);
    if (found !== undefined) return this.set(found, row);
    this.add(row);
    return true;
  }

  /** Adds a claim that is not there yet. */
  add(row: ClaimRow): void {
    const claim = this.append(row);
    this.bySubject.add(row.subject, claim);
    this.byObject.add(row.object, claim);
  }

  find(key: Pick<ClaimRow, 'subject' | 'object' | 'kind' | 'source'>): number | undefined {
    const isShorter = this.bySubject.count(key.subject) <= this.byObject.count(key.object);
    const lists = isShorter ? this.bySubject : this.byObject;
    const node = isShorter ? key.subject : key.object;
    const other = isShorter ? this.object : this.subject;
    const wanted = isShorter ? key.object : key.subject;
    const end = (lists.start[node] ?? 0) + lists.count(node);
    for (let at = lists.start[node] ?? 0; at < end; at++) {
      const claim = lists.pool[at] as number;
      if (other[claim] === wanted && this.kind[claim] === key.kind && this.source[claim] === key.source) return claim;
    }
    return undefined;
  }

  /** Milliseconds since 1970; NaN where nobody ever said that it is so. */
  firstSeenAt(claim: number): number {
    return this.#time(this.firstSeen[claim] as number);
  }

  lastSeenAt(claim: number): number {
    return this.#time(this.lastSeen[claim] as number);
  }

  #time(code: number): number {
    if (code >= 0) return code * DAY;
    return code === NEVER ? Number.NaN : (this.moments[EXACT - code] as number);
  }

  /** The code of a time in the place of another one. */
  #code(time: number, held: number): number {
    if (Number.isNaN(time)) return NEVER;
    const day = time / DAY;
    if (Number.isInteger(day) && day >= 0) return day;
    const place = held <= EXACT ? EXACT - held : this.momentCount++;
    this.moments = grown(this.moments, this.momentCount);
    this.moments[place] = time;
    return EXACT - place;
  }

  row(claim: number): ClaimRow {
    const statement = this.statement[claim] as number;
    return {
      subject: this.subject[claim] as number,
      object: this.object[claim] as number,
      kind: this.kind[claim] as number,
      source: this.source[claim] as number,
      firstSeen: this.firstSeenAt(claim),
      lastSeen: this.lastSeenAt(claim),
      sighted: this.confidences[this.sighted[claim] as number] as number,
      measured: this.measured[claim] as number,
      statedAt: statement === NONE ? Number.NaN : (this.statedAt[statement] as number),
      statedConfidence: statement === NONE ? Number.NaN : (this.statedConfidence[statement] as number),
      retractedAt: statement === NONE ? Number.NaN : (this.retractedAt[statement] as number),
    };
  }

  /** Writes the claim's new state. @returns as `put` */
  set(claim: number, row: ClaimRow): boolean {
    const sighted = this.#place(row.sighted);
    let isChanged =
      !Object.is(this.firstSeenAt(claim), row.firstSeen) ||
      !Object.is(this.lastSeenAt(claim), row.lastSeen) ||
      this.sighted[claim] !== sighted ||
      this.measured[claim] !== row.measured;
    this.firstSeen[claim] = this.#code(row.firstSeen, this.firstSeen[claim] as number);
    this.lastSeen[claim] = this.#code(row.lastSeen, this.lastSeen[claim] as number);
    this.sighted[claim] = sighted;
    this.measured[claim] = row.measured;
    if (!Number.isNaN(row.statedAt) || !Number.isNaN(row.retractedAt)) {
      isChanged = this.#state(claim, row) || isChanged;
    }
    return isChanged;
  }

  #state(claim: number, row: ClaimRow): boolean {
    let at = this.statement[claim] as number;
    if (at === NONE) {
      at = this.statements++;
      this.statement[claim] = at;
      this.statedAt = grown(this.statedAt, this.statements);
      this.statedConfidence = grown(this.statedConfidence, this.statements);
      this.retractedAt = grown(this.retractedAt, this.statements);
    } else if (
      Object.is(this.statedAt[at], row.statedAt) &&
      Object.is(this.statedConfidence[at], row.statedConfidence) &&
      Object.is(this.retractedAt[at], row.retractedAt)
    ) {
      return false;
    }
    this.statedAt[at] = row.statedAt;
    this.statedConfidence[at] = row.statedConfidence;
    this.retractedAt[at] = row.retractedAt;
    return true;
  }

  #place(confidence: number): number {
    if (Number.isNaN(confidence)) return 0;
    let place = this.#placeOf.get(confidence);
    if (place === undefined) {
      place = this.confidences.push(confidence) - 1;
      this.#placeOf.set(confidence, place);
      if (place > 0xffff && this.sighted instanceof Uint16Array) this.sighted = Int32Array.from(this.sighted);
    }
    return place;
  }

  /**
   * Grows now, so that the first claim that comes does not wait until all columns are copied, which takes a second for ten
   * million. Room that was never written takes no memory yet.
   */
  #reserve(): void {
    this.#reach(this.count + 1);
    this.bySubject.reserve();
    this.byObject.reserve();
  }

  #reach(length: number): void {
    if (length <= this.subject.length) return;
    this.subject = grown(this.subject, length);
    this.object = grown(this.object, length);
    this.kind = grown(this.kind, length);
    this.source = grown(this.source, length);
    this.firstSeen = grown(this.firstSeen, length);
    this.lastSeen = grown(this.lastSeen, length);
    this.sighted = grown(this.sighted, length);
    this.measured = grown(this.measured, length);
    this.statement = grown(this.statement, length);
  }

  /** The columns by name, as long as they are full: what a saved file holds. */
  columns() {
    const { count, statements, momentCount } = this;
    return {
      subject: trimmed(this.subject, count),
      object: trimmed(this.object, count),
      kind: trimmed(this.kind, count),
      source: trimmed(this.source, count),
      firstSeen: trimmed(this.firstSeen, count),
      lastSeen: trimmed(this.lastSeen, count),
      moments: trimmed(this.moments, momentCount),
      sighted: trimmed(this.sighted, count),
      measured: trimmed(this.measured, count),
      statement: trimmed(this.statement, count),
      statedAt: trimmed(this.statedAt, statements),
      statedConfidence: trimmed(this.statedConfidence, statements),
      retractedAt: trimmed(this.retractedAt, statements),
    };
  }

  /** Without the room that was never used. */
  get bytes(): number {
    const held = Object.values(this.columns()).reduce((sum, { byteLength }) => sum + byteLength, 0);
    return held + this.bySubject.bytes + this.byObject.bytes;
  }
}
