using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using Hearth.Api;
using Hearth.Api.Messages;

namespace Hearth.Commands;

/// <summary><c>hearth person</c>: who lives in the house.</summary>
internal static class PersonCommand
{
    public const string Name = "person";
    public const string Description = "Who lives in the house, and their PINs.";

    public static Command Build()
    {
        var command = new Command(Name, Description) { HomeOption.Instance, JsonOption.Instance };
        command.Add(BuildList());
        command.Add(BuildAdd());
        command.Add(BuildPin());
        command.Add(BuildRemove());
        command.SetAction(parsed => new HelpAction().Invoke(parsed));
        return command;
    }

    private static Command BuildList()
    {
        var command = new Command("list", "Tell who there is.");
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            PersonMessage[] persons = await client.GetAsync("/v1/persons", ApiJson.Client.PersonMessageArray);
            DaemonCall.Print(parsed, persons, _ => persons.Length == 0
                ? "There is nobody yet: `hearth person add NAME` adds somebody.\n"
                : TextTable.Write(["name", "PIN"], persons.Select(person => new[] { person.Name, DescribePin(person) })));
        }));
        return command;
    }

    private static Command BuildAdd()
    {
        var name = new Argument<string>("NAME") { Description = "How the person is called." };
        var withoutPin = new Option<bool>("--no-pin") { Description = "The person has no PIN.", Arity = ArgumentArity.Zero };
        var command = new Command("add", "Add a person. The PIN is asked for.") { name, withoutPin, PinEntry.FromStandardInput };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            string person = parsed.GetValue(name)!;
            string? pin = parsed.GetValue(withoutPin) ? null : PinEntry.ReadNew(parsed, person);
            PersonMessage added = await client.AskAsync(HttpMethod.Post, "/v1/persons", new PersonSettings(person, pin), ApiJson.Client.PersonSettings, ApiJson.Client.PersonMessage);
            DaemonCall.Print(parsed, added, _ => $"{added.Name} lives here now. `hearth guest edit GUEST --person {added.Name}` keeps a guest for {added.Name}.\n");
        }));
        return command;
    }

    private static Command BuildPin()
    {
        Argument<string> name = NameCompletion.OfPerson();
        var remove = new Option<bool>("--remove") { Description = "Take the PIN away.", Arity = ArgumentArity.Zero };
        var command = new Command("pin", "Give a person another PIN, which is asked for.") { name, remove, PinEntry.FromStandardInput };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            string path = $"/v1/persons/{ApiClient.Part(parsed.GetValue(name)!)}";
            PersonMessage person = await client.GetAsync(path, ApiJson.Client.PersonMessage);
            string? pin = parsed.GetValue(remove) ? null : PinEntry.ReadNew(parsed, person.Name);
            person = await client.AskAsync(HttpMethod.Put, $"{path}/pin", new PinSettings(pin), ApiJson.Client.PinSettings, ApiJson.Client.PersonMessage);
            DaemonCall.Print(parsed, person, _ => person.HasPin ? $"{person.Name} has a new PIN.\n" : $"{person.Name} has no PIN any more.\n");
        }));
        return command;
    }

    private static Command BuildRemove()
    {
        Argument<string> name = NameCompletion.OfPerson();
        var command = new Command("remove", "Remove a person, also from the guests that only some may use.") { name };
        command.SetAction(parsed => DaemonCall.Run(parsed, client => client.DoAsync(HttpMethod.Delete, $"/v1/persons/{ApiClient.Part(parsed.GetValue(name)!)}")));
        return command;
    }

    private static string DescribePin(PersonMessage person) => (person.HasPin, person.WaitSeconds) switch
    {
        (false, _) => "none",
        (true, { } wait) => string.Create(CultureInfo.InvariantCulture, $"yes; after wrong ones none is looked at for {wait:F0} s"),
        _ => "yes",
    };
}
