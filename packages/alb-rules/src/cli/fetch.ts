/** `fetch`: prints what gets the rules of a load balancer. It calls nothing itself, so that it needs no credentials. */
import { parse, UsageError, type Run } from './command.js'
import { commandOptions } from './options.js'

const arnPattern = /^arn:aws[a-z-]*:elasticloadbalancing:([a-z\d-]+):\d{12}:loadbalancer\/app\/[A-Za-z\d-]{1,32}\/[a-z\d]+$/

export const fetch: Run = (args, io) => {
  const { values } = parse({ args, options: commandOptions.fetch })
  const arn = values['load-balancer']
  if (arn === undefined) throw new UsageError('fetch needs --load-balancer ARN.')
  const [, region] = arnPattern.exec(arn) ?? []
  if (region === undefined) {
    throw new UsageError(`${arn} is not the ARN of an Application Load Balancer; these are told by: ` +
      'aws elbv2 describe-load-balancers --query "LoadBalancers[].LoadBalancerArn" --output text')
  }
  io.stdout.write(scriptFor(arn, region))
  return 0
}

/** Lines for any POSIX shell with the AWS CLI, which asks for further pages by itself. */
function scriptFor (arn: string, region: string): string {
  const member = '{"ListenerArn":"%s","LoadBalancerArn":"%s","Protocol":"%s","Port":%s,"Rules":'
  return `# Writes the rules of all listeners of the load balancer to rules.json.
{
  separator=
  printf '{"Listeners":['
  aws elbv2 describe-listeners --region ${region} --load-balancer-arn '${arn}' \\
    --query 'Listeners[].[ListenerArn,Protocol,Port]' --output text |
  while read -r listener protocol port; do
    printf '%s${member}' "$separator" "$listener" '${arn}' "$protocol" "$port"
    aws elbv2 describe-rules --region ${region} --listener-arn "$listener" --query Rules --output json </dev/null
    printf '}'
    separator=,
  done
  printf ']}\\n'
} > rules.json
`
}
