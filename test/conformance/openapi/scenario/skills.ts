/** Calls every operation on skills: alone, and in an organization. */
import { gzipSync } from 'node:zlib'
import type { Caller } from '../../../../scripts/generate/openapi/caller.js'

const boundary = 'skill'
const source = { source: 'https://git.example/acme/skills.git', ref: 'main', subpath: 'review' }

export async function skills (c: Caller): Promise<void> {
  if (!c.has('createSkill')) return
  await c.call('createSkill', { body: { name: 'review' } })
  await c.call('createSkill', { body: { name: 'review' }, status: 400 })
  const icons = [{ src: 'https://acme.example/icon.png', mimeType: 'image/png' }]
  await c.call('createSkill', { body: { name: 'review', organization: 'acme', description: 'Reads changes', icons } })
  await c.call('createSkill', { body: {}, status: 400, wrong: true })
  await play(c, 'Skill', { name: 'review' })
  await play(c, 'OrganizationSkill', { organization: 'acme', name: 'review' })
  const digest = 'a'.repeat(64)
  const more = ['write', 'read'].map(name => ({ name, ...source, subpath: name, digest }))
  await c.call('bulkRegisterSkills', { body: { organization: 'acme', skills: more } })
  await c.call('searchSkills', { parameters: { max_results: 1 } })
  await c.call('searchSkills', { parameters: { include_skill_identities: ['@acme/write', 'none'] } })
  for (const name of ['write', 'read', 'review']) await c.call('deleteOrganizationSkill', { parameters: { organization: 'acme', name } })
  await c.call('deleteSkill', { parameters: { name: 'review' } })
}

/** What a skill and one of an organization have in common, by the name of the thing in the ids of its operations. */
async function play (c: Caller, thing: 'Skill' | 'OrganizationSkill', skill: Readonly<Record<string, string>>): Promise<void> {
  const call = async (id: string, parameters: object = {}, more: object = {}): Promise<void> => {
    await c.call(id.replace('Skill', thing), { parameters: { ...skill, ...parameters }, ...more })
  }
  await call('createSkillVersion', {}, { body: source })
  await call('createSkillVersion', {}, { body: upload('# Review\n'), type: `multipart/form-data; boundary=${boundary}` })
  await call('createSkillVersion', {}, { body: { source: '/etc' }, status: 400 })
  await call('getSkillVersion', { version: '2' })
  await call('searchSkillVersions', { max_results: 1 })
  await call('updateSkillVersion', { version: '1' }, { body: { status: 'deprecated' } })
  await call('setSkillVersionTag', { version: '1' }, { body: { key: 'checked/by', value: 'ada' } })
  await call('deleteSkillVersionTag', { version: '1', key: 'checked/by' })
  await call('setSkillAlias', {}, { body: { alias: 'production', version: 2 } })
  await call('getSkillVersionByAlias', { alias: 'production' })
  await call('setSkillTag', {}, { body: { key: 'team', value: 'growth' } })
  await call('getSkill')
  await call('updateSkill', {}, { body: { description: 'Reads all changes' } })
  await call('deleteSkillTag', { key: 'team' })
  await call('deleteSkillAlias', { alias: 'production' })
  await call('deleteSkillVersion', { version: '1' })
  await call('getSkillVersion', { version: '7' }, { status: 404 })
}

/** A request with the metadata of a version and its files, which are one. */
function upload (text: string): Buffer {
  const part = (name: string, type: string, body: Buffer): Buffer[] => {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`
    return [Buffer.from(head), body, Buffer.from('\r\n')]
  }
  const metadata = part('metadata', 'application/json', Buffer.from('{}'))
  const content = part('content', 'application/gzip', gzipSync(tar('SKILL.md', Buffer.from(text))))
  return Buffer.concat([...metadata, ...content, Buffer.from(`--${boundary}--\r\n`)])
}

/** An archive of one file (POSIX ustar). */
function tar (name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(512)
  head.write(name, 0)
  head.write('0000644\0', 100)
  head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  head.write('00000000000\0', 136)
  head.write('        ', 148)
  head.write('0', 156)
  head.write('ustar\x0000', 257)
  head.write(`${head.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([head, content, Buffer.alloc(512 - content.length % 512 + 1024)])
}
