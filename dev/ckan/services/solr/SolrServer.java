import java.util.EnumSet;
import java.util.Properties;
import javax.servlet.DispatcherType;
import org.apache.solr.servlet.CoreContainerProvider;
import org.apache.solr.servlet.SolrDispatchFilter;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.DefaultServlet;
import org.eclipse.jetty.servlet.FilterHolder;
import org.eclipse.jetty.servlet.ServletContextHandler;

/**
 * Solr's own web application in a Jetty on 127.0.0.1, wired as Solr's distribution wires it in
 * web.xml. The distribution is an archive that no package registry holds; its jars are artifacts.
 *
 * <p>Arguments: the Solr home (solr.xml and the cores), the port.
 */
public final class SolrServer {
  private SolrServer() {}

  public static void main(String[] arguments) throws Exception {
    String solrHome = arguments[0];
    int port = Integer.parseInt(arguments[1]);

    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    server.addConnector(connector);

    ServletContextHandler solr = new ServletContextHandler(server, "/solr");
    Properties properties = new Properties();
    properties.setProperty("hostPort", arguments[1]);
    solr.setAttribute(SolrDispatchFilter.PROPERTIES_ATTRIBUTE, properties);
    solr.setAttribute(SolrDispatchFilter.SOLRHOME_ATTRIBUTE, solrHome);
    solr.addEventListener(new CoreContainerProvider());
    FilterHolder dispatch =
        solr.addFilter(SolrDispatchFilter.class, "/*", EnumSet.of(DispatcherType.REQUEST));
    dispatch.setAsyncSupported(true);
    // The filter answers everything; Jetty calls filters only where a servlet is mapped.
    solr.addServlet(DefaultServlet.class, "/");

    server.setStopAtShutdown(true); // SIGTERM closes the index in order
    server.start();
    server.join();
  }
}
