/** What a document is that holds no rules to read, and the command that makes one that does. */

const terraform = 'terraform plan -out plan.out && terraform show -json plan.out > plan.json'
const describe = 'aws elbv2 describe-rules --listener-arn ARN --output json'
const controller = 'kubectl logs --namespace kube-system deployment/aws-load-balancer-controller | ' +
  'grep "successfully built model" > model.json'

const fetch = 'the command fetch --load-balancer ARN prints what gets the rules of a load balancer'

const kubernetes = 'this is Kubernetes\' own configuration: give the model that aws-load-balancer-controller makes of it ' +
  `(${controller}), or the rules that it made (${describe})`

const hcl = `this is Terraform's own configuration, which it has to evaluate first: ${terraform}`

const texts: ReadonlyArray<readonly [looks: RegExp, sentence: string]> = [
  [/^PK[^ -~]/, 'this is a plan as Terraform keeps it: terraform show -json FILE > plan.json'],
  [/^\s*(resource|module|data)\s+"[^"]+"(\s+"[^"]+")?\s*\{/m, hcl],
  [/^\s*(terraform|locals|variable\s+"[^"]+"|provider\s+"[^"]+"|output\s+"[^"]+")\s*\{/m, hcl],
  [/^(Terraform will perform the following actions|Terraform used the selected providers)/m, `this is a plan for people: ${terraform}`],
  [/^apiVersion:\s|^kind:\s/m, kubernetes],
  [/^[-|+\s]*(\|\s*Describe(Rules|Listeners)|RULES\t|LISTENERS\t)/, `this is a form of the AWS CLI's for people: ${describe}`]
]

/** A sentence for a text that is no JSON and no template; undefined where it looks like nothing that is known. */
export function sentenceForText (text: string): string | undefined {
  return texts.find(([looks]) => looks.test(text.slice(0, 100_000)))?.[1]
}

/** The same for a document that is an object. */
export function sentenceForObject (object: Readonly<Record<string, unknown>>): string | undefined {
  if ('apiVersion' in object && 'kind' in object) return kubernetes
  if ('resource' in object || ('data' in object && 'terraform' in object)) return hcl
  if ('LoadBalancers' in object || 'TargetGroups' in object) return `load balancers and target groups have no rules in them: ${fetch}`
  if ('resource_changes' in object) return `the planned values are missing in this plan: ${terraform}`
  return undefined
}
