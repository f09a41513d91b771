/** Calls the operations that need an artifact store which can sign URLs and split uploads. */
import type { Caller } from '../../../../scripts/generate/openapi/caller.js'

const content = 'the only part'

/** On a server that keeps all artifacts in the store. */
export async function proxied (c: Caller): Promise<void> {
  const path = 'file.bin'
  const parameters = { artifact_path: 'big' }
  const file = { artifact_path: 'big/file.bin' }
  const begun = await c.call('createMultipartUpload', { parameters, body: { path, num_parts: 1 } })
  const uploadId = begun.at('upload_id')
  const put = await fetch(begun.at('credentials.0.url'), { method: 'PUT', body: content })
  await c.call('completeMultipartUpload', { parameters, body: { path, upload_id: uploadId, parts: [{ part_number: 1, etag: put.headers.get('etag') ?? '' }] } })
  const other = (await c.call('createMultipartUpload', { parameters, body: { path: 'other.bin', num_parts: 2 } })).at('upload_id')
  await c.call('abortMultipartUpload', { parameters, body: { path: 'other.bin', upload_id: other } })
  await c.call('getPresignedDownloadUrl', { parameters: file })
  await c.call('downloadArtifact', { parameters: file })
}

/**
 * On any server; without workspaces, which allow no place of one's own.
 * @param bucket URI of the store, which clients reach directly
 */
export async function direct (c: Caller, bucket: string): Promise<void> {
  if (!c.has('createPresignedUploadUrl')) return
  const experimentId = (await c.call('createExperiment', { body: { name: 'direct', artifact_location: `${bucket}/direct` } })).at('experiment_id')
  const runId = (await c.call('createRun', { body: { experiment_id: experimentId, start_time: 1_760_000_000_000 } })).at('run.info.run_id')
  const upload = await c.call('createPresignedUploadUrl', { body: { run_id: runId, path: 'notes.txt', expiration: 60 } })
  if (upload.at('presigned_url') !== '') await fetch(upload.at('presigned_url'), { method: 'PUT', body: content })
  await c.call('createPresignedDownloadUrl', { body: { run_id: runId, path: 'notes.txt', expiration: 60 } })
  await c.call('listArtifacts', { parameters: { run_id: runId } })
}
