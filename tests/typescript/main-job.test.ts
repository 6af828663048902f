/** The main job of the house, typed from end to end: a developer is vetted, a client finds and hires them on a trial. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { components } from "./api.js";
import { type Api, good, House } from "./house.js";

type Stage = components["schemas"]["Stage"];

const STAGES: Stage[] = ["profile_review", "screening_call", "technical_assessment", "technical_interview"];

let house: House;
before(async () => {
  house = await House.open();
});
after(() => house.close());

test("a developer is vetted, matched, offered a trial and signs", async () => {
  const reviewer = await house.admin("reviewer@example.com");
  const approver = await house.admin("approver@example.com");
  const developer = await house.register("developer", "developer@example.com");
  const client = await house.register("client", "client@example.com");

  const me = await profile(developer);
  await vet(developer, reviewer, approver);

  const startsOn = new Date(Date.now() + 7 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  const job = await openRequest(client, startsOn);
  const matches = good(await client.GET("/v1/job-requests/{id}/matches", { params: { path: { id: job }, query: { limit: 5 } } }));
  const [best] = matches.data;
  assert.equal(best?.developer.id, me);
  assert.equal(best.factors.length, 8);
  assert.equal(best.factors.reduce((sum, factor) => sum + Math.round(factor.points * 100), 0), Math.round(best.score * 100));
  assert.equal(matches.gates?.length, 8);

  const trial = await offer(client, job, me, startsOn);
  await house.mail("developer@example.com", "Trial offer");
  const signed = good(await developer.POST("/v1/trials/{id}/accept", { params: { path: { id: trial } }, body: {} }));
  assert.equal(signed.state, "scheduled");
  assert.deepEqual(signed.signatures.map((signature) => signature.party).sort(), ["client", "developer"]);
  await house.mail("client@example.com", "A developer accepted");
});

test("a problem is typed as well, and names every fault", async () => {
  const client = await house.register("client", "hasty@example.com");
  const { error, response } = await client.POST("/v1/matches/search", {
    body: {
      skills: [{ slug: "go", min_level: 6, must: true }],
      max_hourly_rate: { amount: -1, currency: "USD" },
      hours_per_week: 40,
      starts_on: "2026-12-01",
      time_zone: "Europe/London",
    },
  });
  assert.equal(response.status, 422);
  assert.equal(error?.type, "/problems/validation-failed");
  assert.deepEqual(error.errors?.map((fault) => fault.pointer), ["/max_hourly_rate/amount", "/skills/0/min_level"]);
});

async function profile(developer: Api): Promise<string> {
  const saved = await developer.PUT("/v1/developers/me", {
    body: {
      headline: "Go backend engineer",
      summary: "Payments in Go.",
      seniority: "senior",
      hourly_rate: { amount: 8000, currency: "USD" },
      hours_per_week: 40,
      time_zone: "Europe/Berlin",
      country: "DE",
      languages: ["en"],
      skills: [
        { slug: "go", level: 5, years: 8 },
        { slug: "postgresql", level: 4, years: 6 },
        { slug: "kubernetes", level: 3, years: 3 },
      ],
    },
  });
  return good(saved).id;
}

/** The reviewer takes the application through its stages, the approver decides. */
async function vet(developer: Api, reviewer: Api, approver: Api): Promise<void> {
  const { id } = good(await developer.POST("/v1/vetting/applications", { body: {} }));
  const params = { path: { id } };
  good(await developer.POST("/v1/vetting/applications/{id}/submit", { params, body: {} }));
  good(await reviewer.POST("/v1/vetting/applications/{id}/claim", { params, body: {} }));
  for (const stage of STAGES) {
    const card = await reviewer.PUT("/v1/vetting/applications/{id}/scorecards/{stage}", {
      params: { path: { id, stage } },
      body: {
        criteria: [{ criterion: "overall", score: "strong_yes", evidence: "Clear, correct, tested." }],
        recommendation: "strong_yes",
        verified_skills: [{ slug: "go", level: 5 }],
        feedback: "Well done.",
      },
    });
    good(card);
    good(await reviewer.POST("/v1/vetting/applications/{id}/advance", { params, body: { from_stage: stage } }));
  }
  const skills = [{ slug: "go", level: 5 }, { slug: "postgresql", level: 4 }];
  const approved = good(await approver.POST("/v1/vetting/applications/{id}/approve", { params, body: { skills } }));
  assert.equal(approved.state, "approved");
  await house.mail("developer@example.com", "You are approved");
}

async function openRequest(client: Api, startsOn: string): Promise<string> {
  const draft = await client.POST("/v1/job-requests", {
    body: {
      title: "Go engineer for a payments ledger",
      description: "A double-entry ledger in Go.",
      skills: [
        { slug: "go", min_level: 4, must: true },
        { slug: "postgresql", min_level: 3, must: true },
      ],
      max_hourly_rate: { amount: 10000, currency: "USD" },
      hours_per_week: 40,
      starts_on: startsOn,
      time_zone: "Europe/London",
      overlap_hours: 4,
      languages: ["en"],
      seats: 1,
    },
  });
  const { id } = good(draft);
  const open = good(await client.POST("/v1/job-requests/{id}/open", { params: { path: { id } }, body: {} }));
  assert.equal(open.state, "open");
  return id;
}

async function offer(client: Api, job: string, developer: string, startsOn: string): Promise<string> {
  const offered = await client.POST("/v1/trials", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: {
      job_request_id: job,
      developer_id: developer,
      starts_on: startsOn,
      terms: {
        hourly_rate: { amount: 8000, currency: "USD" },
        hours_per_week: 40,
        time_zone: "Europe/London",
        overlap_hours: 4,
        scope: "Ledger core and its API.",
        notice_days: 3,
        billing: { rule: "client_pays_all" },
      },
    },
  });
  const trial = good(offered);
  assert.equal(trial.state, "offered");
  return trial.id;
}
