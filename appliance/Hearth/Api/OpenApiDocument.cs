using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace Hearth.Api;

/// <summary>The API as an OpenAPI 3.1 document, made of the routes that answer it and of the JSON forms that are read and written.</summary>
internal static partial class OpenApiDocument
{
    private const string Version = "1";

    public static string Write(IEnumerable<Route> routes)
    {
        var schemas = new JsonObject();
        var paths = new JsonObject();
        foreach (IGrouping<string, Route> address in routes.GroupBy(route => Constraint().Replace(route.Pattern, "}")))
        {
            var item = new JsonObject();
            foreach (Route route in address)
                item[route.Method.ToLowerInvariant()] = Describe(route, address.Key, schemas);
            paths[address.Key] = item;
        }

        _ = Reference(ApiJson.Daemon.Problem, schemas);
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Hearth",
                ["version"] = Version,
                ["description"] = "Guests, seats and persons of a house. HTTP over the Unix socket hearth.sock in the home folder. Fields without a value are absent; fields that are not known are refused.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "http://hearth", ["description"] = "The name is any: a client connects to the socket." }),
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas },
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = ApiJson.Daemon.Options.Encoder }) + '\n';
    }

    private static JsonObject Describe(Route route, string address, JsonObject schemas)
    {
        var operation = new JsonObject { ["summary"] = route.Summary, ["operationId"] = OperationName(route.Method, address) };
        JsonObject[] parameters =
        [
            .. Parameter().Matches(address).Select(match => Of(match.Groups[1].Value, "path", isNumber: match.Groups[1].Value == "state")),
            .. route.Query.Select(name => Of(name, "query", isNumber: name != "follow")),
        ];
        if (parameters.Length > 0)
            operation["parameters"] = new JsonArray([.. parameters]);
        if (route.Takes is { } takes)
            operation["requestBody"] = new JsonObject { ["content"] = new JsonObject { [ApiReply.Json] = Content(Reference(takes, schemas)) } };
        operation["responses"] = new JsonObject
        {
            [$"{route.Status}"] = Answer(route, schemas),
            ["default"] = new JsonObject
            {
                ["description"] = "Why it could not be done.",
                ["content"] = new JsonObject { [ApiReply.ProblemJson] = Content(Reference(ApiJson.Daemon.Problem, schemas)) },
            },
        };
        return operation;
    }

    private static JsonObject Answer(Route route, JsonObject schemas)
    {
        var content = new JsonObject();
        if (route.Gives is { } gives)
            content[ApiReply.Json] = Content(Reference(gives, schemas));
        if (route.GivesLines is { } lines)
            content[ApiClient.Ndjson] = Content(Reference(lines, schemas));
        if (route.GivesType is { } type && route.Status != 101)
            content[type] = new JsonObject();
        var answer = new JsonObject { ["description"] = route.Status == 101 ? $"From here on bytes go both ways ({route.GivesType})." : "Done." };
        if (content.Count > 0)
            answer["content"] = content;
        return answer;
    }

    private static JsonObject Of(string name, string place, bool isNumber)
    {
        string type = name == "follow" ? "boolean" : isNumber ? "integer" : "string";
        return new JsonObject { ["name"] = name, ["in"] = place, ["required"] = place == "path", ["schema"] = new JsonObject { ["type"] = type } };
    }

    private static JsonObject Content(JsonNode schema) => new() { ["schema"] = schema };

    /// <summary>A schema by its name; lists are written where they are used.</summary>
    private static JsonObject Reference(JsonTypeInfo type, JsonObject schemas)
    {
        if (type.Kind == JsonTypeInfoKind.Enumerable)
            return new JsonObject { ["type"] = "array", ["items"] = Reference(ApiJson.Daemon.GetTypeInfo(type.ElementType!)!, schemas) };
        string name = type.Type.IsGenericType ? $"{type.Type.GetGenericArguments()[0].Name}Line" : type.Type.Name;
        if (!schemas.ContainsKey(name))
            schemas[name] = type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
        return new JsonObject { ["$ref"] = $"#/components/schemas/{name}" };
    }

    private static string OperationName(string method, string address) =>
        method.ToLowerInvariant() + string.Concat(address.Split('/', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(part => Capital(part.Trim('{', '}'))));

    private static string Capital(string part) => char.ToUpperInvariant(part[0]) + part[1..];

    [GeneratedRegex(@":\w+\}")]
    private static partial Regex Constraint();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();
}
