/** Checks of MLflow's LLM gateway, which hands headers on to the providers of models. */
import { hidesGatewayCredentials, prefixFor } from '../mlflow/layout.js'
import { identityHeader } from '../mlflow/signed-identity.js'
import { type Check, fine, skipped, warning } from './check.js'
import { notRunning } from './mlflow.js'

export const gatewayChecks: readonly Check[] = [
  {
    id: 'gateway-credentials',
    about: 'MLflow\'s LLM gateway requires `Authorization` from the facade, which does not send it there because MLflow would forward it to the provider',
    async run ({ upstream, layout }) {
      if (upstream === undefined || layout === undefined) return skipped(notRunning)
      if (upstream.authorization === undefined) return fine('MLflow requires no credentials from the facade')
      const hides = hidesGatewayCredentials(layout)
      const headers = {
        'content-type': 'application/json',
        authorization: undefined,
        [identityHeader]: undefined, // as with calls: the facade signs none of the gateway's
        'x-mlflow-authorization': hides ? upstream.authorization : undefined
      }
      // It names no model, so that no provider is called.
      const { status } = await upstream.probe(`${prefixFor(layout, 'gateway', 'POST')}/gateway/mlflow/v1/chat/completions`, {
        method: 'POST',
        body: '{}',
        headers
      })
      if (status !== 401 && status !== 403) {
        return fine(hides ? 'the gateway accepts the facade\'s credentials in X-MLflow-Authorization' : 'the gateway requires no credentials')
      }
      const unsent = `which MLflow forwards to providers: the facade does not send it there, and model calls end in ${status}.`
      return hides
        ? warning(
            `The authentication in front of MLflow requires Authorization on the gateway too, ${unsent}`,
            'let /gateway/ pass without Authorization in front of MLflow, or correct MLFLOW_UPSTREAM_AUTHORIZATION'
        )
        : warning(
            `The gateway of MLflow ${layout.version} requires Authorization, ${unsent}`,
            'upgrade MLflow to 3.15 or later, whose gateway accepts X-MLflow-Authorization'
        )
    }
  }
]
