/** Checks of MLflow's LLM gateway, which hands headers on to the providers of models. */
import { hidesGatewayCredentials, prefixFor } from '../mlflow/layout.js'
import { type Check, fine, skipped, warning } from './check.js'
import { notRunning } from './mlflow.js'

export const gatewayChecks: readonly Check[] = [
  {
    id: 'gateway-credentials',
    about: 'MLflow\'s LLM gateway lets the facade in without `Authorization`, which MLflow would hand on to the provider',
    async run ({ upstream, layout }) {
      if (upstream === undefined || layout === undefined) return skipped(notRunning)
      if (upstream.authorization === undefined) return fine('MLflow wants no credentials from the facade')
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
        return fine(hides ? 'the gateway takes our credentials in X-MLflow-Authorization' : 'the gateway wants no credentials')
      }
      const unsent = `which MLflow hands on to providers: the facade does not send it there, and calls of models end in ${status}.`
      return hides
        ? warning(
            `What guards MLflow wants Authorization on its gateway too, ${unsent}`,
            'let what stands before MLflow pass /gateway/ without Authorization, or correct MLFLOW_UPSTREAM_AUTHORIZATION'
        )
        : warning(
            `The gateway of MLflow ${layout.version} wants Authorization, ${unsent}`,
            'upgrade MLflow to 3.15 or later, whose gateway takes X-MLflow-Authorization'
        )
    }
  }
]
