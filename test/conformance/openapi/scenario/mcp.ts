/** Calls every operation on MCP servers. */
import type { Caller } from '../../../../scripts/generate/openapi/caller.js'

export async function mcp (c: Caller): Promise<void> {
  if (!c.has('createMcpServer')) return
  const name = 'io.github.acme/search'
  const server = { name }
  const version = { name, version: '1.0.0' }
  await c.call('createMcpServer', { body: { name, description: 'Finds things' } })
  await c.call('createMcpServer', { body: {}, status: 400, wrong: true })
  await c.call('createMcpServerVersion', {
    parameters: server,
    body: {
      server_json: { name, version: '1.0.0', description: 'Finds things', remotes: [{ type: 'streamable-http', url: 'https://acme.example/mcp' }] },
      status: 'active',
      tools: [{ name: 'find', description: 'Finds', inputSchema: { type: 'object', properties: { query: { type: 'string' } } } }]
    }
  })
  await c.call('createMcpServerVersion', { parameters: server, body: { server_json: { name, version: '2.0.0' } } })
  await c.call('getMcpServerVersion', { parameters: version })
  await c.call('updateMcpServerVersion', { parameters: version, body: { connect_options: { 'remote:0': { hidden: true } } } })
  await c.call('searchMcpServerVersions', { parameters: { ...server, max_results: 1 } })
  await c.call('setMcpServerVersionTag', { parameters: version, body: { key: 'checked', value: 'yes' } })
  await c.call('deleteMcpServerVersionTag', { parameters: { ...version, key: 'checked' } })
  await c.call('setMcpServerAlias', { parameters: server, body: { alias: 'production', version: '1.0.0' } })
  await c.call('getVersionByAlias', { parameters: { ...server, alias: 'production' } })
  await c.call('setMcpServerTag', { parameters: server, body: { key: 'team', value: 'growth' } })
  const endpoint = { ...server, endpoint_id: (await c.call('createMcpAccessEndpoint', { parameters: server, body: { url: 'https://acme.example/mcp', server_version: '1.0.0', transport_type: 'streamable-http' } })).at('id') }
  await c.call('createMcpAccessEndpoint', { parameters: server, body: { url: 'https://acme.example/sse', server_alias: 'production', transport_type: 'sse' } })
  await c.call('getMcpAccessEndpoint', { parameters: endpoint })
  await c.call('updateMcpAccessEndpoint', { parameters: endpoint, body: { url: 'https://acme.example/other' } })
  await c.call('searchServerAccessEndpoints', { parameters: { ...server, max_results: 1 } })
  await c.call('searchAllAccessEndpoints', { parameters: { max_results: 5 } })
  await c.call('getMcpServer', { parameters: server })
  await c.call('searchMcpServers', { parameters: { max_results: 1 } })
  await c.call('updateMcpServer', { parameters: server, body: { display_name: 'Search' } })
  await c.call('updateMcpServer', { parameters: server, body: { icons: [{ src: 'https://127.0.0.1/icon.png', sizes: ['48x48'], mimeType: 'image/png' }] } })
  await c.call('getMcpServer', { parameters: { name: 'io.github.acme/none' }, status: 404 })
  await c.call('deleteMcpAccessEndpoint', { parameters: endpoint })
  await c.call('deleteMcpServerAlias', { parameters: { ...server, alias: 'production' } })
  await c.call('deleteMcpServerTag', { parameters: { ...server, key: 'team' } })
  await c.call('deleteMcpServerVersion', { parameters: { name, version: '2.0.0' } })
  await c.call('updateMcpServerVersion', { parameters: version, body: { status: 'deprecated' } })
  await c.call('deleteMcpServer', { parameters: server })
}
