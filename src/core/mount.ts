/** Where MLflow lives in public. */
export const mount = '/mlflow'
