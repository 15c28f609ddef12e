// Makes the tokens that bench/lib/Bench/Identity.pm sends:
//
//     node bench/tokens.mjs <folder> <HS256 key file> <subject> <count>
//
// Writes to the folder HS256.headers and ES256.headers, count lines "Authorization: Bearer <token>"
// each, no two tokens alike, and es256.pem, the public key of the latter; nobody keeps the private one.
// The tokens (RFC 7519, RFC 7518 sections 3.2 and 3.4) are good for twelve hours.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const lifetime = 12 * 3600;

if (process.argv.length !== 6) {
    throw new Error('usage: tokens.mjs <folder> <HS256 key file> <subject> <count>');
}
const [folder, file, subject, count] = process.argv.slice(2);
const secret = readFileSync(file);
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const es256 = { key: pair.privateKey, dsaEncoding: 'ieee-p1363' };
const signer = {
    HS256: (text) => createHmac('sha256', secret).update(text).digest('base64url'),
    ES256: (text) => sign('sha256', text, es256).toString('base64url'),
};

const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
const iat = Math.floor(Date.now() / 1000);

for (const [alg, signature] of Object.entries(signer)) {
    const head = part({ alg, typ: 'JWT' });
    const lines = [];
    for (let number = 1; number <= Number(count); number++) {
        const claims = { sub: subject, iat, exp: iat + lifetime, jti: String(number).padStart(8, '0') };
        const text = `${head}.${part(claims)}`;
        lines.push(`Authorization: Bearer ${text}.${signature(Buffer.from(text))}\n`);
    }
    writeFileSync(`${folder}/${alg}.headers`, lines.join(''), { mode: 0o600 });
}
writeFileSync(`${folder}/es256.pem`, pair.publicKey.export({ type: 'spki', format: 'pem' }));
