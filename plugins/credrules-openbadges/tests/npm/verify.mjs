// Judges a badge with verifiers that are not ours. Nothing is fetched: what a verifier asks for it gets from the files
// named on the command line as URL=PATH, or from the contexts that its authors ship.
import { readFileSync } from 'node:fs';
import * as ed25519 from '@digitalbazaar/ed25519-multikey';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import { checkStatus } from '@digitalbazaar/vc-bitstring-status-list';
import { securityLoader } from '@digitalcredentials/security-document-loader';
import extractChunks from 'png-chunks-extract';
import { compactVerify, importJWK } from 'jose';

const [what, path, ...pages] = process.argv.slice(2);
const served = new Map(pages.map((page) => {
  const at = page.indexOf('=');
  return [page.slice(0, at), page.slice(at + 1)];
}));
const bundled = securityLoader().build();

async function documentLoader(url) {
  const [address, fragment] = url.split('#');
  if (address.startsWith('did:web:')) {
    const document = JSON.parse(readFileSync(served.get(address), 'utf8'));
    const method = document.verificationMethod?.find((one) => one.id === url);
    const part = { '@context': 'https://w3id.org/security/multikey/v1', ...method };
    return { contextUrl: null, documentUrl: url, document: fragment ? part : document };
  }
  if (served.has(url)) {
    return { contextUrl: null, documentUrl: url, document: JSON.parse(readFileSync(served.get(url), 'utf8')) };
  }
  return bundled(url);
}

function credentialOf(png) {
  const chunks = extractChunks(readFileSync(png)).filter((chunk) => chunk.name === 'iTXt');
  const texts = chunks.map((chunk) => Buffer.from(chunk.data).toString('utf8'));
  const found = texts.filter((text) => text.startsWith('openbadgecredential\0'));
  if (found.length !== 1) throw new Error(`${found.length} credentials in the picture`);
  return found[0].slice(found[0].lastIndexOf('\0') + 1);
}

async function judge() {
  if (what === 'picture') return { credential: credentialOf(path) };
  if (what === 'jwt') {
    const token = readFileSync(path, 'utf8').trim();
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString());
    const document = JSON.parse(readFileSync(served.get(kid.split('#')[0]), 'utf8'));
    const method = document.verificationMethod.find((one) => one.id === kid);
    const { payload } = await compactVerify(token, await importJWK(method.publicKeyJwk, 'RS256'));
    return { verified: true, credential: JSON.parse(Buffer.from(payload).toString()) };
  }
  const credential = JSON.parse(readFileSync(path, 'utf8'));
  const suite = new DataIntegrityProof({ cryptosuite });
  const result = await vc.verifyCredential({
    credential, suite, documentLoader,
    checkStatus: (options) => checkStatus({ ...options, verifyBitstringStatusListCredential: true }),
  });
  // A badge that was taken back is `verified` all the same: what its bit says is beside it.
  return {
    verified: result.verified,
    error: result.error && JSON.stringify(result.error, Object.getOwnPropertyNames(result.error)),
    revoked: result.statusResult?.results?.map((one) => one.status) ?? null,
  };
}

console.log(JSON.stringify(await judge().catch((error) => ({ verified: false, error: String(error) }))));
