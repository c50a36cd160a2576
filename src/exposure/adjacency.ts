import { grown } from './columns.ts';

/**
 * Lists of numbers, one a node, each in one piece of a shared pool so that reading one is a walk over neighbouring
 * memory. A list that outgrows its piece moves to the end with twice the room; what it leaves is lost until the index is
 * loaded again, which costs less than the bookkeeping to use it.
 */
export class Adjacency {
  pool = new Int32Array(64);
  start = new Int32Array(64);
  length = new Int32Array(64);
  #room = new Int32Array(64);
  #used = 0;
  #nodes = 0;

  /** Lists of `i` for each `of[i]`, ascending: built at once, without spare room. */
  static from(of: Int32Array, count: number, nodes: number): Adjacency {
    const lists = new Adjacency();
    lists.start = new Int32Array(nodes);
    lists.length = new Int32Array(nodes);
    for (let i = 0; i < count; i++) {
      const node = of[i] as number;
      lists.length[node] = (lists.length[node] as number) + 1;
    }
    for (let node = 0, at = 0; node < nodes; node++) {
      lists.start[node] = at;
      at += lists.length[node] as number;
    }
    lists.pool = new Int32Array(count);
    const next = lists.start.slice();
    for (let i = 0; i < count; i++) {
      const node = of[i] as number;
      const at = next[node] as number;
      lists.pool[at] = i;
      next[node] = at + 1;
    }
    lists.#room = lists.length.slice();
    lists.#used = count;
    lists.#nodes = nodes;
    return lists;
  }

  /** Grows now, where the next one added would make it grow: see `ClaimTable.index`. */
  reserve(): void {
    this.pool = grown(this.pool, this.#used + 1);
    this.#makeRoom(this.#nodes + 1);
  }

  add(node: number, value: number): void {
    this.#reach(node);
    const length = this.length[node] as number;
    if (length === this.#room[node]) this.#move(node, length);
    this.pool[(this.start[node] as number) + length] = value;
    this.length[node] = length + 1;
  }

  /** How many a node has; nodes that came after the lists were built have none. */
  count(node: number): number {
    return this.length[node] ?? 0;
  }

  #reach(node: number): void {
    this.#nodes = Math.max(this.#nodes, node + 1);
    this.#makeRoom(this.#nodes);
  }

  #makeRoom(nodes: number): void {
    this.start = grown(this.start, nodes);
    this.length = grown(this.length, nodes);
    this.#room = grown(this.#room, nodes);
  }

  #move(node: number, length: number): void {
    const room = Math.max(2, length * 2);
    this.pool = grown(this.pool, this.#used + room);
    const from = this.start[node] as number;
    this.pool.copyWithin(this.#used, from, from + length);
    this.start[node] = this.#used;
    this.#room[node] = room;
    this.#used += room;
  }

  /** Without the room that was never used. */
  get bytes(): number {
    return (this.#used + 3 * this.#nodes) * Int32Array.BYTES_PER_ELEMENT;
  }
}
