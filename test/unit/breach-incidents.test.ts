import { beforeAll, describe, expect, it } from 'vitest';
import { fanOutBreachIncidents } from '../../consumers/breach-incidents/fan-out.ts';
import type { Knowledge, RawDocument } from '../../consumers/document.ts';
import type { ReportIncident } from '../../src/graph/actions.ts';
import { actionsOf, fanOutFile, NOW, rawDocument, statementKnowledge } from '../support/fan-out-file.ts';

let knowledge: Knowledge;
beforeAll(async () => {
  knowledge = await statementKnowledge();
});

const fanOut = (value: unknown, given: Partial<RawDocument> = {}) =>
  fanOutBreachIncidents(
    rawDocument(JSON.stringify(value), { source: 'hibp', stream: 'breach-incidents', ...given }),
    knowledge,
  );
const incident = (value: unknown) => fanOut(value).events.flatMap(actionsOf)[0] as ReportIncident;
const code = (value: unknown) => fanOut(value).refused[0]?.code;

const breach = {
  Name: 'Shop',
  Title: 'The Shop',
  Domain: 'forum.shop.example',
  BreachDate: '2026-01-15',
  AddedDate: '2026-02-01T00:00:00Z',
  ModifiedDate: '2026-02-03T00:00:00Z',
  PwnCount: 1000,
  Description: 'Invented.',
  DataClasses: ['Email addresses'],
  IsVerified: true,
  IsFabricated: false,
};
const veris = {
  incident_id: 'V-1',
  security_incident: 'Confirmed',
  timeline: { incident: { year: 2025 } },
  victim: { victim_id: 'Year Only Ltd' },
};

describe('wrong and odd incidents end as their list says', () => {
  it('refuses what contradicts itself, and keeps the others', async () => {
    const { refused, actions } = await fanOutFile('bad/breaches.jsonl', 'breach-incidents', 'hibp');
    expect(refused.map(({ place, code, reason }) => `${place} ${code} ${reason}`)).toEqual([
      'breaches.jsonl line 1 OUT_OF_RANGE PwnCount is negative.',
      'breaches.jsonl line 2 CONTRADICTION BreachDate lies after AddedDate.',
      'breaches.jsonl line 7 TIME_INVALID timeline.incident is no date.',
    ]);
    const reports = actions.filter((action) => action.type === 'report-incident');
    expect(reports).toMatchObject([
      { id: 'NoDomain', affects: [] },
      { id: 'Html', description: '<img src=x onerror=alert(1)><script>alert(2)</script> text' },
      { id: 'Fab', fabricated: true },
      { id: 'Case', affects: [{ kind: 'domain', name: 'ownedcore-sample.example' }] },
      { id: 'V-2', occurred: '2025', occurredPrecision: 'YEAR' },
    ]);
  });

  it('refuses an object around the list', async () => {
    const { refused, events } = await fanOutFile('bad/breaches-object.json', 'breach-incidents', 'hibp');
    expect(events).toEqual([]);
    expect(refused).toMatchObject([{ code: 'FIELD_INVALID', reason: expect.stringContaining('Expected an array') }]);
    expect(code({ breaches: [breach] })).toBe('FIELD_INVALID');
  });
});

describe('Have I Been Pwned', () => {
  it('reads a whole list as one document, with an event for each breach', async () => {
    const { documents, actions, refused } = await fanOutFile(
      'breaches/hibp-style-invented.json',
      'breach-incidents',
      'hibp',
    );
    expect(documents).toBe(1);
    expect(refused).toEqual([]);
    const reports = actions.filter((action) => action.type === 'report-incident');
    expect(reports).toHaveLength(10);
    expect(reports.filter((report) => report.fabricated)).toHaveLength(1);
    expect(reports.filter((report) => report.affects.length === 0)).toHaveLength(1);
  });

  it('tells the version by ModifiedDate, and whom it hit by the registrable domain', () => {
    expect(incident(breach)).toMatchObject({
      type: 'report-incident',
      source: 'hibp',
      id: 'Shop',
      kind: 'BREACH',
      title: 'The Shop',
      time: Date.UTC(2026, 1, 3),
      reportedAt: Date.UTC(2026, 1, 1),
      occurred: '2026-01-15',
      occurredPrecision: 'DAY',
      affectedCount: 1000,
      dataClasses: ['Email addresses'],
      verified: true,
      fabricated: false,
      affects: [{ kind: 'domain', name: 'shop.example' }],
      evidence: { host: 'forum.shop.example' },
    });
  });

  it('keeps good breaches beside bad ones, and says which were bad', () => {
    const { events, refused } = fanOut([{ ...breach, Domain: '192.0.2.7' }, breach, 'no breach', null]);
    expect(events).toHaveLength(1);
    expect(refused.map(({ place, code }) => `${place} ${code}`)).toEqual([
      'test [0] IP_ADDRESS',
      'test [2] FIELD_INVALID',
      'test [3] FIELD_INVALID',
    ]);
  });

  it('bounds and cleans text, whatever is in it', () => {
    const report = incident({
      ...breach,
      Description: `\u0007\u202e${'x'.repeat(3996)}\ud83d\ude00${'y'.repeat(9000)}`,
      Title: '\ud800',
    });
    expect(report.description.length).toBeLessThanOrEqual(4000);
    expect(report.description).toMatch(/^x+\u{1f600}?\ufffd?$/u);
    expect(report.title).toBe('\ufffd');
  });

  it.each([
    [{ BreachDate: '2026-02-30' }, 'TIME_INVALID'],
    [{ AddedDate: 'yesterday' }, 'TIME_INVALID'],
    [{ ModifiedDate: '2027-12-01T00:00:00Z' }, 'TIME_IN_FUTURE'],
    [{ AddedDate: null, ModifiedDate: null }, 'TIME_MISSING'],
    [{ PwnCount: 1.5 }, 'FIELD_INVALID'],
    [{ PwnCount: '12' }, 'FIELD_INVALID'],
    [{ Name: '' }, 'FIELD_MISSING'],
    [{ Domain: 'co.uk' }, 'NO_REGISTRABLE_DOMAIN'],
  ])('refuses %j', (fields, expected) => {
    expect(code({ ...breach, ...fields })).toBe(expected);
  });
});

describe('VERIS', () => {
  it('names the victim as an organization, and keeps the date as precise as it is', async () => {
    const { actions } = await fanOutFile('breaches/veris-style-invented.jsonl', 'breach-incidents', 'veris');
    const reports = actions.filter((action) => action.type === 'report-incident');
    expect(reports.map((report) => `${report.occurred} ${report.occurredPrecision} ${report.verified}`)).toEqual([
      '2025-03-02 DAY true',
      '2025-11 MONTH true',
      '2026-01 MONTH true',
      '2024 YEAR false',
      '2026-06-30 DAY false',
      '2026-05-30 DAY true',
    ]);
    expect(actions[0]).toMatchObject({ affects: [{ kind: 'organization', key: 'veris:northwind parcels' }] });
    expect(actions[1]).toMatchObject({ type: 'name-organization', name: 'Northwind Parcels' });
  });

  it('is an outage where something was unavailable and nothing was disclosed', () => {
    const availability = { variety: ['Loss'] };
    expect(incident({ ...veris, attribute: { availability } }).kind).toBe('OUTAGE');
    expect(incident({ ...veris, attribute: { availability, confidentiality: { data_disclosure: 'No' } } }).kind).toBe(
      'OUTAGE',
    );
    expect(incident({ ...veris, attribute: { availability, confidentiality: { data_disclosure: 'Yes' } } }).kind).toBe(
      'BREACH',
    );
    expect(incident(veris).kind).toBe('BREACH');
  });

  it('takes its time from the record, else from the delivery, else from the end of a period that is over', () => {
    const plus = { created: '2026-09-01T00:00:00Z', modified: '2026-09-02T00:00:00Z' };
    expect(incident({ ...veris, plus })).toMatchObject({
      time: Date.UTC(2026, 8, 2),
      reportedAt: Date.UTC(2026, 8, 1),
    });
    expect(fanOut(veris, { observedAt: NOW }).events[0]?.time).toBe(NOW);
    expect(incident(veris).time).toBe(Date.UTC(2026, 0, 1) - 1);
    expect(code({ ...veris, timeline: { incident: { year: 2026 } } })).toBe('TIME_MISSING');
  });

  it('leaves out a false positive, and an unknown victim', () => {
    expect(fanOut({ ...veris, security_incident: 'False positive' })).toEqual({ events: [], refused: [], filtered: 1 });
    expect(incident({ ...veris, victim: { victim_id: 'Unknown' } }).affects).toEqual([]);
  });

  it.each([
    [{ year: 2026, month: 2, day: 30 }],
    [{ year: 2026, month: 13 }],
    [{ year: 2026, day: 3 }],
    [{ year: '2026' }],
    [{}],
  ])('refuses the date %j', (date) => {
    expect(code({ ...veris, timeline: { incident: date } })).toBe('TIME_INVALID');
  });
});
