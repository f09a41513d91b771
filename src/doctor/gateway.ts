/** Checks of MLflow's LLM gateway, which hands headers on to the providers of models. */
import { hidesGatewayCredentials, prefixFor } from '../mlflow/layout.js'
import { type Check, fine, skipped, warning } from './check.js'
import { notRunning } from './mlflow.js'

export const gatewayChecks: readonly Check[] = [
  {
    id: 'gateway-credentials',
    about: 'MLflow\'s LLM gateway lets the facade in without `Authorization`, which MLflow would pass on to the provider',
    async run ({ upstream, layout }) {
      if (upstream === undefined || layout === undefined) return skipped(notRunning)
      if (upstream.authorization === undefined) return fine('MLflow requires no credentials from the facade')
      const hides = hidesGatewayCredentials(layout)
      const headers = {
        'content-type': 'application/json',
        authorization: undefined,
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
      const unsent = `which MLflow hands on to providers: the facade does not send it there, and calls of models end in ${status}.`
      return hides
        ? warning(
            `The proxy that guards MLflow requires Authorization on the gateway too, ${unsent}`,
            'let that proxy pass /gateway/ without Authorization, or correct MLFLOW_UPSTREAM_AUTHORIZATION'
        )
        : warning(
            `The gateway of MLflow ${layout.version} requires Authorization, ${unsent}`,
            'upgrade MLflow to 3.15 or later, whose gateway takes X-MLflow-Authorization'
        )
    }
  }
]
