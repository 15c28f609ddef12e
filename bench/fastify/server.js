// The peer: what a careful team would write with Fastify and pg for GET /api/v1/dashboards/:id, doing
// the work the module does: the token verified, the path checked, the same SQL function called by a
// prepared statement, the same headers, conditional requests.
//
// From the environment: BENCH_PORT, BENCH_PROCESSES, BENCH_POOL (connections of one process),
// BENCH_KEY (file with the HS256 secret), BENCH_JWT_CACHE (on or off), BENCH_SQL (the module's
// statement), and libpq's PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSFILE.
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { createVerifier } from 'fast-jwt';
import Fastify from 'fastify';
import pg from 'pg';

const setting = (name) => {
    const value = process.env[name];
    if (!value) {
        throw new Error(`${name} is not set`);
    }
    return value;
};

const VARY = 'Authorization, Accept-Encoding, Accept, Origin';
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CORRELATION = /^[A-Za-z0-9._-]{1,128}$/;

// "req_" and a ULID, as the module makes them. Random bytes are taken from the kernel in bulk.
const pool = { bytes: randomBytes(8192), next: 0 };
const correlationId = () => {
    if (pool.next + 16 > pool.bytes.length) {
        pool.bytes = randomBytes(8192);
        pool.next = 0;
    }
    let id = '';
    let now = Date.now();
    for (let i = 0; i < 10; i++) {
        id = CROCKFORD[now % 32] + id;
        now = Math.floor(now / 32);
    }
    for (let i = 0; i < 16; i++) {
        id += CROCKFORD[pool.bytes[pool.next++] & 31];
    }
    return `req_${id}`;
};

// RFC 9110 section 13.1: does the field name this tag? A weak tag counts as its strong twin.
const names = (field, etag) =>
    field === '*' || field.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);

const answerError = (request, reply, status, code, message, details = {}) =>
    reply
        .code(status)
        .header('Cache-Control', 'no-store')
        .header('Vary', VARY)
        .send({
            error: {
                code, message, details, correlation_id: request.correlation,
                timestamp: new Date().toISOString(),
            },
        });

const build = () => {
    const app = Fastify({ logger: false });
    const database = new pg.Pool({ max: Number(setting('BENCH_POOL')) });
    const verify = createVerifier({
        key: readFileSync(setting('BENCH_KEY'), 'utf8').replace(/[\r\n]+$/, ''),
        algorithms: ['HS256'],
        requiredClaims: ['sub', 'exp'],
        clockTolerance: 5000,
        cache: setting('BENCH_JWT_CACHE') === 'on',
    });
    const text = setting('BENCH_SQL');

    app.decorateRequest('correlation', '');
    app.decorateRequest('claims', null);

    app.addHook('onRequest', (request, reply, done) => {
        const given = request.headers['x-correlation-id'] ?? request.headers['x-request-id'];
        request.correlation = given && CORRELATION.test(given) ? given : correlationId();
        reply.header('X-Correlation-ID', request.correlation);

        const authorization = request.headers.authorization ?? '';
        try {
            if (!/^bearer /i.test(authorization)) {
                throw new Error('no token');
            }
            request.claims = verify(authorization.slice(7).trim());
        } catch {
            reply.header('WWW-Authenticate', 'Bearer realm="dashboard"');
            answerError(request, reply, 401, 'UNAUTHENTICATED', 'Authentication required');
            return;
        }
        done();
    });

    app.setErrorHandler((error, request, reply) => {
        if (error.validation) {
            const { instancePath, message } = error.validation[0];
            return answerError(request, reply, 400, 'VALIDATION_ERROR', 'Validation failed',
                               { field: instancePath.slice(1), issue: message });
        }
        console.error(error);
        return answerError(request, reply, 500, 'INTERNAL_ERROR', 'Internal error');
    });

    const schema = {
        params: {
            type: 'object',
            required: ['id'],
            properties: { id: { type: 'string', format: 'uuid' } },
        },
        querystring: { type: 'object', additionalProperties: false },
    };

    app.get('/api/v1/dashboards/:id', { schema }, async (request, reply) => {
        const asked = JSON.stringify({
            operation: 'get_dashboard',
            correlation_id: request.correlation,
            address: request.ip,
            issuer: request.claims.iss ?? '',
            subject: request.claims.sub,
            path: { id: request.params.id },
            query: {},
            if_match: null,
            if_none_match: null,
            limits: { batch_max: 50, widget_timeout_ms: 5000, widget_rows: 10000 },
        });
        const { rows } = await database.query({ name: 'get_dashboard', text, values: [asked, null] });
        const answer = rows[0];

        if (answer.error) {
            const { message, details } = JSON.parse(answer.body);
            return answerError(request, reply, answer.status, answer.error, message, details);
        }

        reply
            .header('ETag', answer.etag)
            .header('Cache-Control', 'private, no-cache')
            .header('Vary', VARY);
        const condition = request.headers['if-none-match'];
        if (condition && names(condition, answer.etag)) {
            return reply.code(304).send();
        }
        return reply.code(answer.status).type('application/json').send(answer.body);
    });

    return app;
};

const processes = Number(setting('BENCH_PROCESSES'));

if (cluster.isPrimary && processes > 1) {
    for (let i = 0; i < processes; i++) {
        cluster.fork();
    }
    process.on('SIGTERM', () => {
        for (const worker of Object.values(cluster.workers)) {
            worker.process.kill('SIGTERM');
        }
        process.exit(0);
    });
} else {
    process.on('SIGTERM', () => process.exit(0));
    await build().listen({ host: '127.0.0.1', port: Number(setting('BENCH_PORT')) });
}
