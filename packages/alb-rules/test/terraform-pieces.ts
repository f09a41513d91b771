/** Pieces of Terraform's plans and states, as `terraform show -json` prints them. */

export interface Resource {
  readonly address: string
  readonly mode: string
  readonly type: string
  readonly name: string
  readonly index?: string | number
  readonly values: object
}

export function resource (address: string, values: object, index?: string | number): Resource {
  const [type = '', name = ''] = address.replace(/^(module\.[^.]+\.)*/, '').replace(/\[.*$/, '').split('.')
  return { address, mode: 'managed', type, name, ...(index === undefined ? {} : { index }), values }
}

export const hostCondition = (...values: string[]): object => ({ host_header: [{ regex_values: [], values }], http_header: [], http_request_method: [], path_pattern: [], query_string: [], source_ip: [] })
export const pathCondition = (...values: string[]): object => ({ host_header: [], http_header: [], http_request_method: [], path_pattern: [{ regex_values: null, values }], query_string: [], source_ip: [] })
export const empty = { authenticate_cognito: [], authenticate_oidc: [], fixed_response: [], forward: [], redirect: [], jwt_validation: [], target_group_arn: null }
export const forwardAction = (arn?: string): object => ({ ...empty, order: 1, type: 'forward', ...(arn === undefined ? {} : { target_group_arn: arn }) })
export const notFound = { ...empty, order: 1, type: 'fixed-response', fixed_response: [{ content_type: 'text/plain', message_body: '', status_code: '404' }] }
export const references = (...names: string[]): object => ({ references: names })
