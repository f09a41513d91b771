/** The usage text of the commands. */

interface Program {
  /** How the commands are called. */
  readonly program: string
  /** Whether there are rules that `export` prints where no file is named. */
  readonly hasOwn: boolean
}

export function usageOf ({ program, hasOwn }: Program): string {
  const pad = ' '.repeat('Usage:'.length)
  return `Usage: ${program} check RULES [--fail-on error|warning|info]
${pad} ${program} explain RULES URL [OPTIONS]
${pad} ${program} diff BEFORE AFTER
${pad} ${program} diff PLAN
${pad} ${program} test RULES EXPECTATIONS [--no-coverage]
${pad} ${program} test RULES --init
${pad} ${program} simulate RULES --port PORT --target NAME=URL...
${pad} ${program} fetch --load-balancer ARN
${pad} ${program} export ${hasOwn ? '[RULES]' : 'RULES'} --format alb|terraform|markdown

RULES, BEFORE and AFTER are files (- is standard input) with what
"aws elbv2 describe-rules" prints, several of these as
{"Listeners": [{"Name", "Protocol", "Port", "Rules"}]}, what
"terraform show -json" prints of a plan or a state, a terraform.tfstate,
a CloudFormation template, or the model of aws-load-balancer-controller.

check     finds rules that are never reached, overlap, loop or match too much, each
          with an example request; exit 1 for warnings and errors, or see --fail-on
explain   says which rule takes a request and why
            --method M, --header 'NAME: VALUE' (repeatable), --source-ip IP,
            --listener NAME if the URL's scheme and port do not determine it
diff      shows which requests change target, each with an example; a Terraform
          plan is compared with the current rules
test      sends the requests of a YAML or JSON list through the rules:
            [{url, method?, headers?, sourceIp?, listener?, target}]
          every rule but the default must be reached, unless --no-coverage;
          --init prints one for each rule, as the rules are now
simulate  serves the rules on this machine, as the load balancer would
fetch     prints the AWS CLI commands that save the rules of a load balancer
          to a file; it calls nothing itself
export    prints the rules in another form${hasOwn ? ', or the platform\'s own rules' : ''}

  --host NAME  a host that examples should have where it fits (check and diff;
               repeatable)
  --ignore CHECK:RULE=REASON  a finding that is left as it is (check; repeatable)
  --baseline FILE  what an earlier check --json printed: shows only what is new
  --max-rules N  the quota of rules for a load balancer (check; 100)
  --format F   check and diff: text, json, github (annotations), sarif or
               markdown (a summary for a pull request)
  --json       print JSON (export: alb, unless --format terraform)`
}
