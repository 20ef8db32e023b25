using Hearth.Store;

namespace Hearth.House;

/// <summary>The persons of the house, and their PINs.</summary>
internal sealed class PersonRegister(HouseStore store, TimeProvider clock, PinHash hash)
{
    // One PIN at a time: whoever tries many at once waits for each, and no try is lost in counting.
    private readonly Lock _pins = new();

    public IReadOnlyList<Person> All() => store.Persons.All();

    /// <exception cref="HouseException">There is none of this name.</exception>
    public Person Require(string name) => All().FirstOrDefault(person => HouseName.Comparer.Equals(person.Name, name))
        ?? throw new HouseException(HouseFailure.PersonNotFound, $"there is no person {name}: `hearth person list` shows those there are");

    /// <param name="pin">Null for a person without one.</param>
    public Person Add(string name, string? pin)
    {
        _ = HouseName.Require("person", name);
        string? kept = pin is null ? null : Hash(pin);
        Person? added = null;
        store.Together(() =>
        {
            if (All().FirstOrDefault(person => HouseName.Comparer.Equals(person.Name, name)) is { } other)
                throw new HouseException(HouseFailure.NameTaken, $"there is a person {other.Name} already: choose another name");
            added = store.Persons.Add(new Person(0, name, kept));
            store.Events.Add("person.added", $"{name} lives here now", person: added.Id);
        });
        return added!;
    }

    /// <summary>Takes a person out of the house, and out of the guests that it may use.</summary>
    /// <exception cref="HouseException">It is the last one who may use a guest: anybody could then.</exception>
    public void Remove(string name) => store.Together(() =>
    {
        Person person = Require(name);
        foreach (Guest guest in store.Guests.All().Where(guest => guest.Definition.Persons.Contains(person.Id)))
        {
            if (guest.Definition.Persons.Count == 1)
                throw new HouseException(HouseFailure.Invalid, $"{person.Name} is the only one who may use {guest.Name}: say first who else may, with `hearth guest edit {guest.Name} --person NAME`");
            store.Guests.Replace(guest with { Definition = guest.Definition with { Persons = [.. guest.Definition.Persons.Where(id => id != person.Id)] } });
        }

        _ = store.Persons.Remove(person.Id);
        store.Events.Add("person.removed", $"{person.Name} has left", person: person.Id);
    });

    /// <summary>Gives a person another PIN; wrong tries with the old one are forgotten.</summary>
    /// <param name="pin">Null to take it away.</param>
    public Person SetPin(string name, string? pin)
    {
        string? kept = pin is null ? null : Hash(pin);
        lock (_pins)
        {
            Person person = Require(name) with { Pin = kept, WrongTries = 0, Patience = null };
            store.Together(() =>
            {
                store.Persons.Replace(person);
                store.Events.Add("person.pin-set", pin is null ? $"{person.Name} has no PIN any more" : $"{person.Name} has a new PIN", person: person.Id);
            });
            return person;
        }
    }

    /// <summary>Makes sure that it is this person who asks.</summary>
    /// <exception cref="HouseException">It is not, or nobody can tell for a while.</exception>
    public Person Authenticate(string name, string? pin)
    {
        lock (_pins)
        {
            Person person = Require(name);
            if (person.Pin is not { } kept)
                return person;
            if (pin is null)
                throw new HouseException(HouseFailure.PinNeeded, $"{person.Name} has a PIN, which has to be given");
            DateTimeOffset now = clock.GetUtcNow();
            TimeSpan wait = PinPatience.Left(person, now);
            if (wait > TimeSpan.Zero)
                throw new HouseException(HouseFailure.PinWait, $"a wrong PIN was given {person.WrongTries} times: {person.Name} can try again in {PinPatience.Say(wait)}, and nothing is lost") { Wait = wait };

            // It counts as wrong before it is looked at: pulling the plug does not make it one try less.
            int tries = person.WrongTries + 1;
            wait = PinPatience.After(tries);
            store.Persons.Replace(person with { WrongTries = tries, Patience = now + wait });
            if (!PinHash.IsRight(pin, kept))
                throw Refuse(person, tries, wait);
            Person recognised = person with { WrongTries = 0, Patience = null };
            store.Persons.Replace(recognised);
            return recognised;
        }
    }

    private HouseException Refuse(Person person, int tries, TimeSpan wait)
    {
        store.Events.Add("person.pin-wrong", $"a wrong PIN of {person.Name} was given, {tries} in a row", person: person.Id);
        string next = wait > TimeSpan.Zero ? $"the next one can be tried in {PinPatience.Say(wait)}" : "try again";
        return new HouseException(HouseFailure.PinWrong, $"that is not the PIN of {person.Name}: {next}") { Wait = wait > TimeSpan.Zero ? wait : null };
    }

    private string Hash(string pin)
    {
        PinHash.Require(pin);
        return hash.Make(pin);
    }
}
