import java.util.Collections;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.creds.BasicMlflowHostCreds;

/** The calls of MLflow's Java client through the facade; each passes when its effect is seen in MLflow itself. Arguments: URI, KEY, DIRECT. */
public class Calls {
  private static MlflowClient client;
  private static MlflowClient direct;
  private static String experiment;
  private static String run;

  public static void main(String[] arguments) {
    client = new MlflowClient(new BasicMlflowHostCreds(arguments[0], arguments[1]));
    direct = new MlflowClient(arguments[2]);
    String mark = "java-" + System.nanoTime();
    check("createExperiment", () -> mark.equals(direct.getExperiment(experiment = client.createExperiment(mark)).getName()));
    check("getExperiment", () -> mark.equals(client.getExperiment(experiment).getName()));
    check("getExperimentByName", () -> client.getExperimentByName(mark).map(found -> found.getExperimentId()).equals(Optional.of(experiment)));
    check("searchExperiments", () -> client.searchExperiments("name = '" + mark + "'").getItems().size() == 1);
    check("setExperimentTag", () -> {
      client.setExperimentTag(experiment, "k", "v");
      return direct.getExperiment(experiment).getTagsCount() == 1;
    });
    check("createRun", () -> stored(run = client.createRun(experiment).getRunId()).hasInfo());
    check("logParam", () -> {
      client.logParam(run, "p", "1");
      return stored(run).getData().getParamsCount() == 1;
    });
    check("logMetric", () -> {
      client.logMetric(run, "m", 0.5);
      return stored(run).getData().getMetricsCount() == 1;
    });
    check("setTag", () -> {
      client.setTag(run, "t", "v");
      return stored(run).getData().getTagsList().stream().anyMatch(tag -> tag.getKey().equals("t"));
    });
    check("getRun", () -> client.getRun(run).getInfo().getRunId().equals(run));
    check("getMetricHistory", () -> client.getMetricHistory(run, "m").size() == 1);
    check("searchRuns", () -> client.searchRuns(Collections.singletonList(experiment), "").size() == 1);
    check("registry, by sendPost", () -> {
      client.sendPost("registered-models/create", "{\"name\": \"" + mark + "\"}");
      return direct.getRegisteredModel(mark).getName().equals(mark);
    });
    check("getRegisteredModel", () -> client.getRegisteredModel(mark).getName().equals(mark));
    check("setTerminated", () -> {
      client.setTerminated(run);
      return stored(run).getInfo().getStatus().name().equals("FINISHED");
    });
    System.exit(0);
  }

  private static Run stored(String id) {
    return direct.getRun(id);
  }

  private static void check(String name, Callable<Boolean> call) {
    String problem;
    try {
      problem = call.call() ? "" : "no effect";
    } catch (Exception error) {
      problem = error.toString();
    }
    System.out.println(name + "\t" + problem.replaceAll("\\s+", " "));
  }
}
