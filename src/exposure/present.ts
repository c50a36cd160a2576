import { midnight } from '../graph/claim-state.ts';
import type { DependencyOrder } from '../queries/types.ts';
import { nodesOf } from './dependency.ts';
import type { Facts, Watcher } from './facts.ts';
import type { Hub } from './hub.ts';
import type { HubAt } from './hub-at.ts';
import { Hubs, MOST_DEPENDENTS } from './hubs.ts';
import type { Trust } from './trust.ts';
import { Turns } from './turns.ts';
import { UnderWay } from './under-way.ts';
import { VendorCounts } from './vendor-counts.ts';
import { View } from './view.ts';
import type { Work } from './work.ts';

/** Views of other instants that are kept; each takes a byte a claim. */
const MOST_VIEWS = 4;
/** From how many dependents on listing them for the first time takes a question noticeably long. */
const SLOW_HUB = 20_000;
/** When two organizations that more claims than this lead to become one, or one becomes two, all is worked out again. */
const MANY = 10_000;
/** Where midnight changes what follows of more subjects than this, a tenth of a second's work, all is worked out again. */
const MANY_DUE = 5_000;

export interface PresentOptions {
  /** From how many claims on a vendor is a hub. */
  readonly hubSize: number;
  /** Whose private claims count beside the public ones; absent: nobody's. */
  readonly tenant?: string;
}

/**
 * What follows from the facts at present, kept as the facts and the time change: the flags of claims, how many depend on
 * each vendor, the dependents of hubs. What is otherwise at another instant of the day is worked out from it; other days
 * get views of their own.
 */
export class Present implements Watcher {
  readonly facts: Facts;
  readonly #trust: Trust;
  readonly #options: PresentOptions;
  readonly view: View;
  readonly #turns = new Turns();
  #counts = new Map<number, VendorCounts>();
  readonly #hubs: Hubs;
  #others = new Map<number, View>();
  /** For looks at one organization at another instant. */
  #glance: View | undefined;
  readonly #underWay = new UnderWay();
  /** Subjects to be judged again once what they use has moved. */
  readonly #moving = new Set<number>();

  constructor(facts: Facts, trust: Trust, at: number, options: PresentOptions) {
    this.facts = facts;
    this.#trust = trust;
    this.#options = options;
    this.view = new View(facts, trust, at, options.tenant);
    this.view.onTurn = (time, subject) => this.#turns.add(time, subject);
    this.#hubs = new Hubs(this.view, options.hubSize);
  }

  /** Judges every claim, counts all vendors and lists the dependents of the greatest hubs, so that no question has to. */
  *warm(): Work<void> {
    yield* this.view.judgeAll();
    const { direct } = yield* this.countsOf(-1);
    const hubs: number[] = [];
    for (let node = 0; node < direct.length; node++)
      if ((direct[node] as number) >= Math.max(SLOW_HUB, this.#options.hubSize)) hubs.push(node);
    hubs.sort((a, b) => (direct[b] as number) - (direct[a] as number));
    let dependents = 0;
    for (const vendor of hubs) {
      dependents += direct[vendor] as number;
      if (dependents > MOST_DEPENDENTS) return;
      for (const order of ['NAME', 'CONFIDENCE'] as const) yield* this.hubOf(vendor, order);
    }
  }

  /** Whether `advance` must come before a question about this instant, where `now` is the present. */
  isBehind(at: number, now: number): boolean {
    if (at <= this.view.at || at > now) return false;
    return !isSameDay(at, this.view.at) || this.#turns.nextAfter(this.view.at) <= at;
  }

  /**
   * Whether what the present's view says is so at this instant too: nothing that it has looked at begins or ends between
   * the two. A question that looks at more may learn of such a turn, so it asks again when it has its answer.
   */
  holdsAt(at: number): boolean {
    const [earlier, later] = [Math.min(at, this.view.at), Math.max(at, this.view.at)];
    return this.#isNear(at) && this.#turns.nextAfter(earlier) > later;
  }

  /** Whether it is known what is otherwise at that instant. */
  #isNear(at: number): boolean {
    return isSameDay(at, this.view.at) && this.#turns.knows(at);
  }

  /** Subjects of which something that was looked at begins or ends between the present and that instant. */
  #turning(at: number): Set<number> {
    return this.#turns.between(Math.min(at, this.view.at), Math.max(at, this.view.at));
  }

  /** A view of that very instant, whatever happened between it and the present. */
  exactly(at: number): View {
    const view = this.#others.get(at) ?? this.#newView(at);
    view.fit();
    // The last used is the last in line.
    this.#others.delete(at);
    this.#others.set(at, view);
    for (const [oldest] of this.#others) if (this.#others.size > MOST_VIEWS) this.#others.delete(oldest);
    return view;
  }

  #newView(at: number): View {
    if (!this.#isNear(at)) return new View(this.facts, this.#trust, at, this.#options.tenant);
    const view = new View(this.facts, this.#trust, at, this.#options.tenant, this.view);
    for (const subject of this.#turning(at)) view.forget(subject);
    return view;
  }

  /** A view of that instant, right for what this organization uses until another is asked for. */
  glanceAt(at: number, holder: number): View {
    this.#glance ??= new View(this.facts, this.#trust, at, this.#options.tenant);
    this.#glance.fit();
    this.#glance.at = at;
    for (const node of nodesOf(this.#glance, holder)) this.#glance.forget(node);
    return this.#glance;
  }

  /** Moves the present on; no search may be under way. */
  advance(at: number): void {
    if (at <= this.view.at) return;
    const due = this.#turning(at);
    if (!isSameDay(at, this.view.at)) {
      for (const subject of this.view.aging(at, MANY_DUE)) due.add(subject);
      this.#turns.forgetUntil(midnight(at));
      this.#hubs.forgetInstants();
      if (due.size > MANY_DUE) {
        this.#forgetConclusions();
        this.view.forgetAll();
        this.view.at = at;
        return;
      }
    }
    for (const subject of due) this.beforeSubject(subject);
    this.view.at = at;
    for (const subject of due) this.afterSubject(subject);
  }

  *countsOf(service: number): Work<VendorCounts> {
    const name = `counts ${service}`;
    let counts = yield* this.#underWay.once(name, () => this.#counts.get(service));
    if (counts === undefined) {
      counts = new VendorCounts(this.view, service);
      yield* this.#underWay.doing(name, counts.build());
      this.#counts.set(service, counts);
    }
    counts.settle();
    return counts;
  }

  /** The counts at another instant. */
  *countsAt(at: number, service: number): Work<VendorCounts> {
    if (this.#isNear(at)) {
      const counts = yield* this.countsOf(service);
      const { holder } = this.facts.nodes;
      const turning = [...this.#turning(at)].map((subject) => holder[subject] as number);
      return yield* counts.in(this.exactly(at), new Set(turning));
    }
    const counts = new VendorCounts(this.exactly(at), service);
    yield* counts.build();
    return counts;
  }

  /** The vendor's dependents, in that order too, or undefined where it has so few that they are as well found anew. */
  hubOf(vendor: number, order?: DependencyOrder): Work<Hub | undefined> {
    return this.#hubs.of(vendor, order);
  }

  /** The same at another instant; undefined, too, where it can't be told from the present. */
  *hubAt(at: number, vendor: number, order?: DependencyOrder): Work<HubAt | undefined> {
    if (!this.#isNear(at)) return undefined;
    const viewOf = (dependent: number): View => this.glanceAt(at, dependent);
    return yield* this.#hubs.at(at, vendor, order, viewOf, () => this.#turning(at));
  }

  /** Mends what the changes so far have touched, so that the next question need not. */
  settle(): void {
    this.view.fit();
    for (const counts of this.#counts.values()) counts.settle();
    this.#hubs.settle();
    this.#turns.trim(this.view.at);
  }

  beforeSubject(subject: number): void {
    this.view.fit();
    const dependent = this.facts.nodes.holder[subject] as number;
    for (const counts of this.#counts.values()) counts.beforeChange(dependent);
  }

  afterSubject(subject: number): void {
    this.view.fit();
    this.#forget(subject);
    // Claims are never taken out, so these lead to all that the subject used before, too.
    this.#hubs.touch(subject, this.facts.nodes.holder[subject] as number);
  }

  /**
   * Mostly it is seen again: what the subject's claims are stays as it was judged, and only hubs keep when a dependency was
   * seen last and how sure it is. Where something is otherwise, the counts can still take away what they added, since that
   * follows from flags and holders alone.
   */
  afterUse(claim: number): void {
    this.view.fit();
    const user = this.facts.uses.subject[claim] as number;
    if (!this.view.isAsJudged(claim)) {
      this.beforeSubject(user);
      this.afterSubject(user);
      return;
    }
    // At other instants more may follow, of what else the subject uses, too.
    for (const view of this.#others.values()) view.forget(user);
    this.#hubs.touch(user, this.facts.nodes.holder[user] as number);
  }

  /**
   * What follows of a claim depends on who else serves its subject, so only for those who use what moves and what stays
   * anything may be otherwise. They are among the users of either: those of the less used are looked at again one by one.
   */
  beforeMove(nodes: readonly number[], target: number): void {
    this.view.fit();
    const { byObject } = this.facts.uses;
    const from = this.facts.nodes.holder[nodes[0] as number] as number;
    const moving = new Set(nodes);
    const staying = [...nodesOf(this.view, from), ...nodesOf(this.view, target)].filter((node) => !moving.has(node));
    const claimsOn = (used: readonly number[]) => used.reduce((sum, node) => sum + byObject.count(node), 0);
    const isMostMoving = claimsOn(nodes) > claimsOn(staying);
    const lessUsed = isMostMoving ? staying : nodes;
    if (claimsOn(lessUsed) > MANY) {
      this.everything();
      return;
    }
    for (const node of lessUsed) for (const subject of this.#usersOf(node)) this.#moving.add(subject);
    for (const subject of this.#moving) {
      const dependent = this.facts.nodes.holder[subject] as number;
      this.beforeSubject(subject);
      this.#hubs.touch(subject, dependent);
      this.#touch(from, target, dependent);
    }
    for (const end of [from, target]) {
      for (const counts of this.#counts.values()) counts.beforeChange(end);
      for (const node of nodes) this.#hubs.touch(node, end);
      this.#touch(from, target, end);
    }
    // What the target holds already is called otherwise when it gets another name with them.
    for (const end of [from, target]) this.beforeName(end);
    if (!isMostMoving) return;
    for (const counts of this.#counts.values()) counts.move(from, target);
    this.#hubs.move(from, target);
  }

  #touch(from: number, target: number, dependent: number): void {
    this.#hubs.touchIn(from, dependent);
    this.#hubs.touchIn(target, dependent);
  }

  afterMove(): void {
    this.view.fit();
    for (const subject of this.#moving) this.#forget(subject);
    this.#moving.clear();
  }

  beforeName(node: number): void {
    this.#hubs.beforeName(this.facts.nodes.holder[node] as number);
  }

  everything(): void {
    this.#forgetConclusions();
    this.view.forgetAll();
    for (const view of this.#others.values()) view.forgetAll();
  }

  #forgetConclusions(): void {
    this.#counts = new Map();
    this.#hubs.forgetAll();
  }

  #forget(subject: number): void {
    this.view.forget(subject);
    for (const view of this.#others.values()) view.forget(subject);
  }

  *#usersOf(node: number): Generator<number> {
    const { byObject, subject } = this.facts.uses;
    const start = byObject.start[node] ?? 0;
    for (let at = start; at < start + byObject.count(node); at++) yield subject[byObject.pool[at] as number] as number;
  }
}

const isSameDay = (a: number, b: number): boolean => midnight(a) === midnight(b);
