import { compareText, compareWorkedOut, needsCodePoints } from '../queries/text-order.ts';
import { grown } from './columns.ts';

const DOMAIN = 'domain:';
const NOBODY = -1;
/** See `guests`. */
export const GUEST = 254;
const NONE: ReadonlySet<number> = new Set();

/**
 * Domains and organizations as numbers. A domain's key is `domain:<name>`, which is also the key of the provisional
 * organization that owns it while nobody claims it. A node's holder is the canonical organization that it counts for:
 * the owner of a domain, the canonical one of an organization, or the domain itself where its owner is provisional.
 */
export class NodeTable {
  readonly keys: string[] = [];
  readonly #ids = new Map<string, number>();
  /** Of a domain its owner, of an organization its canonical one; −1: itself. */
  up = new Int32Array(64);
  holder = new Int32Array(64);
  /** `GUEST` for each node whose holder is another one, else 0: a search copies it, and looks up few holders. */
  guests = new Uint8Array(64);
  /** Nodes that count for another one. */
  readonly #held = new Map<number, Set<number>>();
  /** 1 for each holder that something else counted for at some time. */
  #isHolding = new Uint8Array(64);
  /** Organizations that count for another one: a few of the above, which name it. */
  readonly #absorbed = new Map<number, Set<number>>();
  readonly names: (string | undefined)[] = [];
  nameAt = new Float64Array(64);
  readonly #lowerNames = new Map<number, string>();
  #ranks = new Int32Array(0);
  /** Places in the order of names, then keys, of what stood for itself when they were ranked; −1: called otherwise since. */
  #nameRanks = new Int32Array(0);
  #needsCodePoints = false;

  get count(): number {
    return this.keys.length;
  }

  /** How many nodes there is room for. */
  get room(): number {
    return this.up.length;
  }

  find(key: string): number | undefined {
    return this.#ids.get(key);
  }

  /** The number of the node with this key, a new one where it is not known. */
  intern(key: string): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const node = this.#add(key);
    this.#ids.set(key, node);
    this.#needsCodePoints ||= needsCodePoints(key);
    return node;
  }

  /** A node whose key is told later by `nameReserved`: a load meets it before it knows what it is. */
  reserve(): number {
    return this.#add('');
  }

  nameReserved(node: number, key: string): void {
    this.keys[node] = key;
    this.#ids.set(key, node);
    this.#needsCodePoints ||= needsCodePoints(key);
  }

  #add(key: string): number {
    const node = this.keys.push(key) - 1;
    this.up = grown(this.up, node + 1);
    this.holder = grown(this.holder, node + 1);
    this.guests = grown(this.guests, node + 1);
    this.nameAt = grown(this.nameAt, node + 1);
    this.up[node] = NOBODY;
    this.holder[node] = node;
    return node;
  }

  key(node: number): string {
    return this.keys[node] as string;
  }

  isDomain(node: number): boolean {
    return this.key(node).startsWith(DOMAIN);
  }

  /** What counts for this holder besides itself. */
  held(holder: number): ReadonlySet<number> {
    return this.#held.get(holder) ?? NONE;
  }

  /** Whether anything besides itself may count for it. */
  holds(holder: number): boolean {
    return this.#isHolding[holder] === 1;
  }

  /** The node, and the domains that it owns: they count for the same organization. */
  under(node: number): number[] {
    if (this.isDomain(node)) return [node];
    const held = [...this.held(this.holder[node] as number)];
    return [node, ...held.filter((other) => this.up[other] === node && this.isDomain(other))];
  }

  /** Sets the owner of a domain or the canonical organization, −1 for itself. */
  setUp(node: number, up: number): void {
    const moving = this.under(node);
    this.up[node] = up === node ? NOBODY : up;
    for (const other of moving) this.#settle(other);
  }

  /** Settles a whole table that was filled without `setUp`. */
  settle(): void {
    for (let node = 0; node < this.count; node++) if ((this.up[node] as number) !== NOBODY) this.#settle(node);
  }

  #settle(node: number): void {
    const now = this.holderUnder(node, this.up[node] as number);
    const before = this.holder[node] as number;
    if (now === before) return;
    this.#leave(node, before);
    this.holder[node] = now;
    this.guests[node] = now === node ? 0 : GUEST;
    if (now !== node) this.#enter(node, now);
    this.#renamed(before);
    this.#renamed(now);
  }

  /** For whom the node would count if its owner, or its canonical organization, were this one. */
  holderUnder(node: number, up: number): number {
    if (up === NOBODY || up === node) return node;
    const above = this.isDomain(node) ? (this.up[up] as number) : NOBODY;
    return above === NOBODY ? up : above;
  }

  #leave(node: number, holder: number): void {
    this.#held.get(holder)?.delete(node);
    this.#absorbed.get(holder)?.delete(node);
  }

  #enter(node: number, holder: number): void {
    this.#isHolding = grown(this.#isHolding, this.count);
    this.#isHolding[holder] = 1;
    for (const sets of this.isDomain(node) ? [this.#held] : [this.#held, this.#absorbed]) {
      const set = sets.get(holder);
      if (set === undefined) sets.set(holder, new Set([node]));
      else set.add(node);
    }
  }

  /** The newest name of an organization wins, then the greatest. @returns whether it is another than before */
  setName(node: number, name: string, at: number): boolean {
    const held = this.names[node];
    const heldAt = this.nameAt[node] as number;
    if (held !== undefined && (heldAt > at || (heldAt === at && held >= name))) return false;
    this.names[node] = name;
    this.nameAt[node] = at;
    this.#renamed(this.holder[node] as number);
    return true;
  }

  #renamed(holder: number): void {
    this.#lowerNames.delete(holder);
    if (holder < this.#nameRanks.length && !this.isDomain(holder)) this.#nameRanks[holder] = -1;
  }

  /** The newest name that a source gave to any organization that counts for this one; the domain's, or the key. */
  name(holder: number): string {
    if (this.isDomain(holder)) return this.key(holder).slice(DOMAIN.length);
    let best = holder;
    for (const node of this.#absorbed.get(holder) ?? NONE) if (this.#isBetterNamed(node, best)) best = node;
    return this.names[best] ?? this.key(holder);
  }

  #isBetterNamed(node: number, best: number): boolean {
    if (this.names[node] === undefined) return false;
    if (this.names[best] === undefined) return true;
    const difference = (this.nameAt[node] as number) - (this.nameAt[best] as number);
    return difference > 0 || (difference === 0 && compareText(this.key(node), this.key(best)) < 0);
  }

  /** What names are ordered and searched by. */
  lowerName(holder: number): string {
    // A domain's name is lower case already.
    if (this.isDomain(holder)) return this.key(holder).slice(DOMAIN.length);
    let lower = this.#lowerNames.get(holder);
    if (lower === undefined) {
      lower = this.name(holder).toLowerCase();
      this.#lowerNames.set(holder, lower);
    }
    return lower;
  }

  compareText(a: string, b: string): number {
    if (this.#needsCodePoints) return compareText(a, b);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** Order of keys: by rank where both have one, since that is a look at two numbers. */
  compareKeys(a: number, b: number): number {
    const ranked = this.#ranks.length;
    if (a < ranked && b < ranked) return (this.#ranks[a] as number) - (this.#ranks[b] as number);
    return this.compareText(this.key(a), this.key(b));
  }

  /** A number that orders keys where both have one; −1: it came after they were ranked. */
  keyRank(node: number): number {
    return this.#ranks[node] ?? -1;
  }

  /** A number that orders names, then keys, where both have one; −1: it has none. */
  nameRank(holder: number): number {
    return this.#nameRanks[holder] ?? -1;
  }

  /** Order of names, then of keys. */
  compareNames(a: number, b: number): number {
    const [rankA, rankB] = [this.nameRank(a), this.nameRank(b)];
    if (rankA >= 0 && rankB >= 0) return rankA - rankB;
    return compareWorkedOut(this.lowerName(a), this.lowerName(b)) || this.compareKeys(a, b);
  }

  /** Ranks all keys that are there now; those that come later are compared as texts. Takes seconds for millions. */
  rank(): void {
    const order = Array.from({ length: this.count }, (_, node) => node);
    order.sort((a, b) => this.compareText(this.key(a), this.key(b)));
    this.setRanks(order);
  }

  /** The ranked nodes in the order of their keys. */
  order(): Int32Array<ArrayBuffer> {
    const order = new Int32Array(this.#ranks.length);
    for (let node = 0; node < order.length; node++) order[this.#ranks[node] as number] = node;
    return order;
  }

  /** Ranks by an order that is known: that of `order`. */
  setRanks(order: ArrayLike<number>): void {
    const ranks = new Int32Array(order.length);
    for (let rank = 0; rank < order.length; rank++) ranks[order[rank] as number] = rank;
    this.#ranks = ranks;
    this.#rankNames(order);
  }

  /** Domains are in the order of their names already: the few organizations are put between them. */
  #rankNames(order: ArrayLike<number>): void {
    const organizations: (readonly [name: string, node: number])[] = [];
    for (let node = 0; node < order.length; node++) {
      if (this.isDomain(node) || this.holder[node] !== node) continue;
      const name = this.name(node).toLowerCase();
      organizations.push([name, node]);
    }
    organizations.sort(([a, one], [b, other]) => compareWorkedOut(a, b) || this.compareKeys(one, other));
    const ranks = new Int32Array(order.length).fill(-1);
    let [rank, placed] = [0, 0];
    const place = (isBefore: (name: string, node: number) => boolean): void => {
      for (let next = organizations[placed]; next !== undefined && isBefore(...next); next = organizations[placed]) {
        ranks[next[1]] = rank++;
        placed++;
      }
    };
    for (let i = 0; i < order.length; i++) {
      const node = order[i] as number;
      if (!this.isDomain(node)) continue;
      const own = this.lowerName(node);
      place((name, other) => (compareWorkedOut(name, own) || this.compareKeys(other, node)) < 0);
      ranks[node] = rank++;
    }
    place(() => true);
    this.#nameRanks = ranks;
  }
}
