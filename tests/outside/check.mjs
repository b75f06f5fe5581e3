// A strict client of OAuth 2.0 and OpenID Connect, which knows Annal by its address only: `node check.mjs` with
// ANNAL_URL, ANNAL_ADDRESS and ANNAL_PASSWORD. Says what it found as JSON; ends with an error where anything is amiss.

import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'

const issuer = new URL(process.env.ANNAL_URL)
const client = { client_id: 'annal' }
const insecure = { [oauth.allowInsecureRequests]: true } // On loopback there is no TLS.

const discovered = {}
for (const algorithm of ['oidc', 'oauth2']) {
  const response = await oauth.discoveryRequest(issuer, { algorithm, ...insecure })
  discovered[algorithm] = await oauth.processDiscoveryResponse(issuer, response)
}
const server = discovered.oidc
assert.deepEqual(discovered.oauth2, server)

const ask = (grant, fields) =>
  oauth.genericTokenEndpointRequest(server, client, oauth.None(), grant, new URLSearchParams(fields), insecure)
const granted = async (response) => oauth.processGenericTokenEndpointResponse(server, client, await response)

const resource = (token) =>
  new Request(new URL('/v1/accounts/me', issuer), { headers: { authorization: `Bearer ${token}` } })
const claimed = (token) => oauth.validateJwtAccessToken(server, resource(token), issuer.href.replace(/\/$/, ''), insecure)

const first = await granted(
  ask('password', { username: process.env.ANNAL_ADDRESS, password: process.env.ANNAL_PASSWORD }),
)
assert.equal(first.token_type, 'bearer')
assert.ok(first.expires_in > 0)

const refreshed = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), first.refresh_token, insecure)
const second = await oauth.processRefreshTokenResponse(server, client, refreshed)
assert.notEqual(second.refresh_token, first.refresh_token)

const claims = await claimed(second.access_token)
assert.equal((await claimed(first.access_token)).sub, claims.sub)
await assert.rejects(claimed(second.access_token.slice(0, -8) + 'AAAAAAAA'))

for (const [grant, fields, error] of [
  ['password', { username: process.env.ANNAL_ADDRESS, password: 'wrong' }, 'invalid_grant'],
  ['refresh_token', { refresh_token: 'annal_rt_none' }, 'invalid_grant'],
  ['client_credentials', {}, 'unsupported_grant_type'],
]) {
  await assert.rejects(granted(ask(grant, fields)), (thrown) => {
    assert.ok(thrown instanceof oauth.ResponseBodyError, thrown)
    assert.equal(thrown.error, error)
    return true
  })
}

const me = await oauth.protectedResourceRequest(
  second.access_token,
  'GET',
  new URL('/v1/accounts/me', issuer),
  undefined,
  null,
  insecure,
)
assert.equal((await me.json()).account_id, claims.sub)

console.log(JSON.stringify({ issuer: server.issuer, claims }))
