using System.Text.Json.Nodes;
using Hearth.Api;

namespace Hearth.Tests.Api;

public sealed class OpenApiDocumentTests : IAsyncLifetime
{
    /// <summary>Set, the checked-in document is written anew.</summary>
    private const string Update = "HEARTH_UPDATE_DOCUMENTS";

    private static readonly string s_path = Checkout.Find("appliance/docs/openapi.json");

    private DaemonFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await DaemonFixture.StartAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public void CheckedInDocument_isCurrent()
    {
        string current = OpenApiDocument.Write(_fixture.Daemon.Routes);
        if (Environment.GetEnvironmentVariable(Update) is { Length: > 0 })
            File.WriteAllText(s_path, current);

        Assert.True(File.ReadAllText(s_path) == current, $"{s_path} is not what the routes are: run this test with {Update}=1, and look at what changes");
    }

    [Fact]
    public async Task Document_isServed()
    {
        JsonNode document = (await _fixture.SendAsync("GET", "/openapi.json")).Body!;

        Assert.Equal("3.1.0", (string?)document["openapi"]);
        Assert.Equal(_fixture.Daemon.Routes.Count, document["paths"]!.AsObject().Sum(path => path.Value!.AsObject().Count));
    }

    [Fact]
    public void Document_refersToWhatIsThereAndNamesNothingTwice()
    {
        JsonNode document = JsonNode.Parse(OpenApiDocument.Write(_fixture.Daemon.Routes))!;
        JsonObject schemas = document["components"]!["schemas"]!.AsObject();
        string[] references = [.. Find(document, "$ref").Where(reference => !reference.StartsWith("#/properties", StringComparison.Ordinal))];
        string[] names = [.. Find(document["paths"]!, "operationId")];

        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.Contains(reference["#/components/schemas/".Length..], schemas.AsEnumerable().Select(schema => schema.Key)));
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public void Document_hasTheFieldsThatAreRead()
    {
        JsonNode schema = JsonNode.Parse(OpenApiDocument.Write(_fixture.Daemon.Routes))!["components"]!["schemas"]!["GuestSettings"]!;

        Assert.False((bool)schema["additionalProperties"]!);
        Assert.Equal(
            typeof(Hearth.Api.Messages.GuestSettings).GetProperties().Where(property => property.CanWrite).Select(property => char.ToLowerInvariant(property.Name[0]) + property.Name[1..]).Order(),
            schema["properties"]!.AsObject().Select(property => property.Key).Order());
    }

    private static IEnumerable<string> Find(JsonNode? node, string key) => node switch
    {
        JsonObject item => item.SelectMany(property => property.Key == key && property.Value is JsonValue value ? [value.ToString()] : Find(property.Value, key)),
        JsonArray list => list.SelectMany(each => Find(each, key)),
        _ => [],
    };
}
