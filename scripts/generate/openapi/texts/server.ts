/** The server itself: workspaces, jobs, GraphQL, health. */
import type { Texts } from '../texts.js'

export const server: Texts = {
  listWorkspaces: ['List workspaces', 'All tenants of the server.'],
  createWorkspace: ['Create a workspace', 'Lower-case letters, digits and hyphens; two to 63 characters.'],
  getWorkspace: ['Get a workspace', 'By its name.'],
  updateWorkspace: ['Change a workspace', 'Description, place of its artifacts, archival of traces; what is left out stays.'],
  deleteWorkspace: ['Delete a workspace', 'Not the default one. What becomes of its contents is asked for by `mode`.'],
  submitJob: ['Start a job', 'One of the functions that the server allows, with parameters.'],
  getJob: ['Get a job', 'Its status, and its result when it has one.'],
  getJobMlflow: ['Get the outcome of a job', 'Status, result and progress.'],
  cancelJob: ['Cancel a job', 'One that is done cannot be cancelled.'],
  cancelJobMlflow: ['Cancel a job and get its outcome', 'One that is done cannot be cancelled.'],
  searchJobs: ['Search jobs', 'By name, parameters and status.'],
  createPromptOptimizationJob: ['Optimise a prompt', 'Starts a job on the server, which calls models and registers the better prompt as a new version.'],
  getPromptOptimizationJob: ['Get a prompt optimisation', 'With scores from before and after, when it is done.'],
  searchPromptOptimizationJobs: ['Search prompt optimisations', 'Of one experiment.'],
  searchPromptOptimizationJobsGet: ['Search prompt optimisations by a query', 'The same search as the POST, with its parameters in the query.'],
  cancelPromptOptimizationJob: ['Cancel a prompt optimisation', 'One that is done cannot be cancelled.'],
  deletePromptOptimizationJob: ['Delete a prompt optimisation', 'Cancels it first where it still runs, and deletes its run.'],
  invokeGenaiEvaluate: ['Evaluate traces with scorers', 'Starts a job on the server, whose results go into a new run.'],
  graphql: ['Query by GraphQL', 'The queries that MLflow\'s pages use. One query in one request; the facade reads it and asks for `mlflow:admin` where it is none of the known ones.'],
  graphqlGet: ['GraphQL by GET', 'MLflow reads the query from the body, which many clients cannot send with a GET, and which the facade does not judge there. Use POST.', 'deprecated'],
  health: ['Is MLflow up', 'MLflow\'s own answer, asked at most once a second. The facade\'s own health is at `/health`.'],
  version: ['Version of MLflow', 'MLflow\'s own answer, asked at most once a second.'],
  getServerInfo: ['Get what the server can do', 'Which store it has, and which features are on. Clients ask for it at their start.'],
  getServerInfoUi: ['Get what the server can do, for its pages', 'Where MLflow 3.9 has it.', 'deprecated'],
  serveGetUiTelemetry: ['Get whether pages may report their use', 'MLflow\'s pages ask for it when they load.'],
  servePostUiTelemetry: ['Report the use of pages', 'MLflow\'s pages send it to its makers through the server.'],
  generateDemo: ['Make demonstration data', 'An experiment with traces, prompts and evaluations of fixed names. Send `{}` for all of it.'],
  deleteDemo: ['Delete demonstration data', 'For good: what `generateDemo` made.'],
  getCurrentUser: ['Get whose key it is, for MLflow\'s pages', 'Answered by the facade; MLflow has this route only with its own auth app.']
}
