import { readFileSync } from 'node:fs';
import { getDomain } from 'tldts';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Knowledge, RawDocument } from '../../consumers/document.ts';
import { fanOutPartnerRelationships } from '../../consumers/partner-relationships/fan-out.ts';
import { MERGE_KEY, TYPED_TOPICS } from '../../src/stream/topics.ts';
import { actionsOf, fanOutFile, rawDocument, statementKnowledge } from '../support/fan-out-file.ts';

let knowledge: Knowledge;
beforeAll(async () => {
  knowledge = await statementKnowledge();
});

const AT = '2026-10-01T12:00:00Z';
const fanOut = (statement: object, given: Partial<RawDocument> = {}) =>
  fanOutPartnerRelationships(rawDocument(JSON.stringify({ observedAt: AT, ...statement }), given), knowledge);
const actions = (statement: object) => fanOut(statement).events.flatMap(actionsOf);
const code = (statement: object) => fanOut(statement).refused[0]?.code;

describe('statements', () => {
  it('say who uses whom, with the exact time, confidence and criticality', () => {
    const uses = {
      type: 'uses',
      subject: 'www.shop.example',
      object: 'cloudflare.com',
      service: 'Tag-Management',
      critical: true,
      confidence: 0.4,
    };
    expect(actions(uses)).toEqual([
      {
        type: 'state-use',
        source: 'partner',
        subject: { kind: 'domain', name: 'shop.example' },
        object: { kind: 'domain', name: 'cloudflare.com' },
        service: 'TAG_MANAGEMENT',
        critical: true,
        confidence: 0.4,
        retracted: false,
        time: Date.parse(AT),
        event: expect.stringMatching(/^[0-9a-f]{64}$/),
        evidence: { document: expect.any(String), record: '', host: 'www.shop.example', observedAt: Date.parse(AT) },
      },
    ]);
  });

  it('may be about organizations: by kind, by a full key, or by a global identifier', () => {
    const lei = 'lei:5493001KJTIIGC8Y1R12';
    const uses = { type: 'uses', subject: 'Acme Ltd', subjectKind: 'organization', object: lei, service: 'dns' };
    expect(actions(uses)).toMatchObject([
      { subject: { key: 'partner:acme ltd' }, object: { key: lei } },
      { type: 'name-organization', key: 'partner:acme ltd', name: 'Acme Ltd' },
    ]);
    expect(actions({ ...uses, object: 'imc2020:Cloudflare' })[0]).toMatchObject({
      object: { kind: 'organization', key: 'imc2020:cloudflare' },
    });
    expect(actions({ ...uses, objectName: 'The Real Name' })).toContainEqual(
      expect.objectContaining({ type: 'name-organization', key: lei, name: 'The Real Name' }),
    );
    expect(code({ ...uses, object: 'undeclared:cloudflare' })).toBe('NOT_A_DOMAIN_NAME');
  });

  it('say whose a domain is, and what an organization is part of', () => {
    expect(actions({ type: 'belongsTo', subject: 'shop.example', object: 'Acme' })[0]).toMatchObject({
      type: 'state-ownership',
      domain: 'shop.example',
      organization: 'partner:acme',
    });
    expect(actions({ type: 'part-of', subject: 'Acme', object: 'Acme Group' })[0]).toMatchObject({
      type: 'state-part-of',
      organization: 'partner:acme',
      parent: 'partner:acme group',
    });
    expect(code({ type: 'partOf', subject: 'domain:shop.example', object: 'Acme' })).toBe('FIELD_INVALID');
  });

  it('merge two organizations under one key, the pair in one order', () => {
    const merge = {
      type: 'sameAs',
      subject: 'imc2020:cloudflare',
      object: 'Cloudflare, Inc.',
      author: 'ana',
      reason: 'one company',
    };
    const [event] = fanOut(merge).events;
    expect(event).toMatchObject({ topic: TYPED_TOPICS.mergeStated, key: MERGE_KEY });
    const swapped = { ...merge, subject: merge.object, object: merge.subject };
    for (const statement of [merge, swapped]) {
      expect(actions(statement)[0]).toMatchObject({
        type: 'state-same-as',
        organizations: ['imc2020:cloudflare', 'partner:cloudflare, inc.'],
        author: 'ana',
        reason: 'one company',
      });
    }
  });

  it('merge the owner of a domain that nobody claims by saying whose the domain is', () => {
    expect(actions({ type: 'sameAs', subject: 'Acme', object: 'domain:www.shop.example' })[0]).toMatchObject({
      type: 'state-ownership',
      domain: 'shop.example',
      organization: 'partner:acme',
    });
    const both = { type: 'sameAs', subject: 'domain:b.example', object: 'domain:a.example', retracted: true };
    expect(actions(both).filter((action) => action.type === 'state-ownership')).toMatchObject([
      { domain: 'b.example', organization: 'partner:a.example', retracted: true },
      { domain: 'a.example', organization: 'partner:b.example', retracted: true },
    ]);
    expect(actions(both).filter((action) => action.type === 'state-same-as')).toMatchObject([
      { organizations: ['partner:a.example', 'partner:b.example'], retracted: true },
    ]);
    expect(code({ ...both, object: 'domain:www.b.example' })).toBe('SUBJECT_EQUALS_OBJECT');
  });

  it('say only what they state: nothing of the platform that a domain lies under', () => {
    const { events } = fanOut({
      type: 'uses',
      subject: 'somebody.github.io',
      object: 'cloudflare.com',
      service: 'dns',
    });
    expect(events).toHaveLength(1);
  });

  it('take the time of the delivery where they have none, and are refused where there is none either', () => {
    const uses = { type: 'uses', subject: 'a.example', object: 'b.example', service: 'dns', observedAt: null };
    expect(fanOut(uses, { observedAt: Date.UTC(2026, 0, 2) }).events[0]?.time).toBe(Date.UTC(2026, 0, 2));
    expect(code(uses)).toBe('TIME_MISSING');
  });

  it('are the same event again from another file, and another event at another time', () => {
    const uses = { type: 'uses', subject: 'a.example', object: 'b.example', service: 'dns' };
    const id = fanOut(uses).events[0]?.id;
    expect(fanOut(uses, { place: 'other.jsonl line 9', producedAt: Date.UTC(2026, 11, 1) }).events[0]?.id).toBe(id);
    expect(fanOut({ ...uses, observedAt: '2026-10-01T12:00:01Z' }).events[0]?.id).not.toBe(id);
    expect(fanOut(uses, { source: 'analyst' }).events[0]?.id).not.toBe(id);
  });

  it('refuse fields that there are not, since a misspelt one would be lost', () => {
    const uses = { type: 'uses', subject: 'a.example', object: 'b.example', service: 'dns' };
    expect(code({ ...uses, retratced: true })).toBe('UNKNOWN_FIELD');
    expect(code({ ...uses, retracted: 'yes' })).toBe('FIELD_INVALID');
    const columns = 'type,subject,object,service,retratced';
    const row = rawDocument('uses,a.example,b.example,dns,', { columns, format: 'relationships-csv' });
    expect(fanOutPartnerRelationships(row, knowledge).refused[0]?.code).toBe('UNKNOWN_FIELD');
  });

  it('mean the same as a CSV row', () => {
    const columns = 'Type,subject,object,service,confidence,observed_at,critical,retracted,subject_kind,subject_name';
    const row = rawDocument(`uses,partner:acme,b.example,DNS,0.5,${AT},TRUE,false,,Acme`, { columns });
    expect(fanOutPartnerRelationships(row, knowledge).events.flatMap(actionsOf)).toMatchObject([
      { subject: { key: 'partner:acme' }, service: 'DNS', confidence: 0.5, critical: true, retracted: false },
      { type: 'name-organization', key: 'partner:acme', name: 'Acme' },
    ]);
  });

  it('refuse a name of a megabyte with a bounded reason', () => {
    const { refused } = fanOut({ type: 'belongsTo', subject: 'a.example', object: 'x'.repeat(1024 * 1024) });
    expect(refused[0]?.code).toBe('NAME_TOO_LONG');
    expect(JSON.stringify(refused).length).toBeLessThan(500);
  });
});

describe('the IMC 2020 study', () => {
  const file = 'imc2020/site-dependencies-excerpt.csv';
  const TIME = Date.UTC(2020, 0, 15);

  it('folds sites to registrable domains, one organization for each provider label', async () => {
    const { actions: stated, refused } = await fanOutFile(file, 'partner-relationships', 'imc2020', TIME);
    expect(refused).toEqual([]);
    const found = stated.flatMap((action) =>
      action.type === 'state-use' && action.subject.kind === 'domain' && action.object.kind === 'organization'
        ? [`${action.subject.name} ${action.service} ${action.object.key} ${action.critical}`]
        : [],
    );
    const services: Record<string, string> = { dns: 'DNS', cdn: 'CDN', ca: 'CERTIFICATE_AUTHORITY' };
    const rows = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    const expected = rows.map((row) => {
      const [, site = '', kind = '', provider, critical] = row.split(',');
      const domain = getDomain(site, { allowPrivateDomains: true }) ?? site;
      return `${domain} ${services[kind]} imc2020:${provider} ${critical}`;
    });
    expect(found).toEqual(expected);
    expect(found.some((line) => line.startsWith('gov.cz '))).toBe(true);
  });

  it('names providers as dependents of providers', async () => {
    const { actions: stated } = await fanOutFile(
      'imc2020/provider-dependencies.csv',
      'partner-relationships',
      'imc2020',
      TIME,
    );
    const uses = stated.filter((action) => action.type === 'state-use');
    expect(uses).toHaveLength(88);
    expect(uses[3]).toMatchObject({
      subject: { key: 'imc2020:affirmtrust' },
      object: { key: 'imc2020:aws' },
      service: 'DNS',
      critical: true,
    });
  });

  it('needs a time from who delivers it', async () => {
    const { refused, events } = await fanOutFile(
      'imc2020/provider-dependencies.csv',
      'partner-relationships',
      'imc2020',
    );
    expect(events).toEqual([]);
    expect(new Set(refused.map((one) => one.code))).toEqual(new Set(['TIME_MISSING']));
  });
});

describe('the entity list', () => {
  it('says whose a registrable domain is, and nothing where a pattern is only a host below one', async () => {
    const file = 'entities/entities-excerpt.jsonl';
    const {
      actions: stated,
      refused,
      filtered,
    } = await fanOutFile(file, 'partner-relationships', 'third-party-web', Date.UTC(2025, 3, 1));
    const owners = new Map(
      stated.flatMap((action) => (action.type === 'state-ownership' ? [[action.domain, action.organization]] : [])),
    );
    expect(owners.get('doubleclick.net')).toBe('third-party-web:google');
    expect(owners.get('instagram.com')).toBe('third-party-web:instagram');
    expect(owners.has('google.com')).toBe(false);
    expect(owners.has('cloudfront.net')).toBe(false);
    expect(owners.get('du8783wkf05yr.cloudfront.net')).toBe('third-party-web:adobe');
    expect(refused.map(({ place, code }) => `${place} ${code}`)).toEqual([
      'entities-excerpt.jsonl line 4 domains[0] IP_ADDRESS',
      'entities-excerpt.jsonl line 5 domains[0] NO_REGISTRABLE_DOMAIN',
    ]);
    expect(filtered).toBeGreaterThan(0);
  });
});
